// SPDX-License-Identifier: MIT
// swconv explain: what a plan decides for a layer, how long it should take, and what bounds it.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "calm.hpp"
#include "command.hpp"
#include "machine.hpp"
#include "parameters.hpp"
#include "shape.hpp"
#include "tensor.hpp"
#include "timing.hpp"

namespace swconv_tool {
namespace {

using swconv_bench::layer, swconv_bench::machine, swconv_bench::tensor;

struct explain_options {
  layer_text layer;
  std::string isa, kernel, math = "strict";
  unsigned threads = 1;
  bool time = false;
} given;

/// A plan for the layer with the kernels whose name begins with `prefix`.
swconv::status make_plan(swconv::linked::plan &plan, const layer &l, const char *prefix,
                         swconv::error &error) {
  swconv::plan_options options;
  options.max_threads = given.threads;
  if (!given.isa.empty()) options.force_isa = given.isa.c_str();
  options.force_kernel = prefix;
  if (l.pool()) return plan.make(pool_params_of(l), &options, &error);
  auto params = conv_params_of(l);
  if (given.math == "fast") params.math = SWCONV_FAST;
  return plan.make(params, &options, &error);
}

/// Seconds of the fastest run in about a fifth of a second, while the core is all ours if it can be.
double measure(const swconv::linked::plan &plan, const layer &l) {
  const auto info = plan.info();
  tensor src(l.src_size()), filter(l.filter_size()), dst(l.dst_size());
  src.fill_random(1), filter.fill_random(2);
  tensor packed = tensor::aligned(int64_t(info.packed_bytes / sizeof(float)) + 1);
  tensor workspace = tensor::aligned(int64_t(info.workspace_bytes / sizeof(float)) + 1);
  swconv::error error;
  swconv::run_args args;
  args.src = src.data(), args.dst = dst.data();
  args.workspace = workspace.data(), args.workspace_bytes = info.workspace_bytes;
  args.threads = threads_of(given.threads);
  if (!l.pool()) {
    require(plan.pack(filter.data(), packed.data(), info.packed_bytes, &error), error);
    args.packed_filter = packed.data(), args.packed_bytes = info.packed_bytes;
  }
  static swconv_bench::calm_core core;
  double best = INFINITY, spent = 0, patience = 1;
  for (int64_t runs = 1; spent < 0.2;) {
    if (given.threads == 1) patience -= core.wait(patience);
    const double taken = swconv_bench::time_of([&] {
      for (int64_t i = 0; i < runs; ++i) require(plan.run(args, &error), error);
    });
    spent += taken;
    best = std::min(best, taken / double(runs));
    if (taken < 1e-3) runs *= 2;  // what the clock can resolve
  }
  return best;
}

std::string time_text(double seconds) {
  char text[32];
  if (seconds < 1e-3)
    std::snprintf(text, sizeof text, "%.4g us", seconds * 1e6);
  else
    std::snprintf(text, sizeof text, "%.4g ms", seconds * 1e3);
  return text;
}

std::string size_text(double bytes) {
  char text[32];
  const double k = 1024;
  if (bytes < k)
    std::snprintf(text, sizeof text, "%.0f bytes", bytes);
  else if (bytes < k * k)
    std::snprintf(text, sizeof text, "%.1f KiB", bytes / k);
  else
    std::snprintf(text, sizeof text, "%.1f MiB", bytes / k / k);
  return text;
}

/// What a layer costs at least, and what the planner expects.
struct prediction {
  double arithmetic, memory;  ///< seconds that each alone needs
  double model;               ///< seconds by the cost model; 0: it has none
  double limit() const { return std::max(arithmetic, memory); }
  double expected() const { return std::max(limit(), model); }
  const char *bound() const {
    if (model > 1.1 * limit()) return "what the kernel does besides: loads, edges, part vectors";
    return arithmetic >= memory ? "arithmetic" : "memory";
  }
};

prediction predict(const machine &m, const layer &l, const swconv_plan_info &info) {
  const double peak = m.peak_of(info.isa).flops;
  return {l.pool() ? 0 : 2 * l.needed_taps() / peak, m.memory_seconds(l),
          info.estimated_flops / peak};
}

void print_candidates(const machine &m, const layer &l, const char *isa, const char *chosen) {
  struct candidate {
    std::string name;
    double expected, measured;
    size_t order;  // of the planner: the first of equals is taken
  };
  std::vector<candidate> all;
  const char *names[256] = {};
  const size_t count = std::min<size_t>(swconv_kernels(isa, names, 256), 256);
  for (size_t i = 0; i < count; ++i) {
    swconv::linked::plan plan;
    swconv::error error;
    if (make_plan(plan, l, names[i], error) != swconv::status::ok) continue;
    const auto info = plan.info();
    if (std::strcmp(info.kernel, names[i]) != 0) continue;  // a longer name came first
    all.push_back({names[i], predict(m, l, info).expected(), given.time ? measure(plan, l) : 0, i});
  }
  std::sort(all.begin(), all.end(), [](const candidate &a, const candidate &b) {
    return a.expected != b.expected ? a.expected < b.expected : a.order < b.order;
  });
  const char *title = "kernels";
  for (const auto &c : all) {
    std::printf("%-11s %c %-24s", title, c.name == chosen ? '*' : ' ', c.name.c_str());
    if (!l.pool()) std::printf(" expected %10s", time_text(c.expected).c_str());
    if (given.time) std::printf("  measured %10s", time_text(c.measured).c_str());
    std::printf("\n");
    title = "";
  }
}

void explain() {
  const layer l = parse_layer(given.layer);
  swconv::linked::plan plan;
  swconv::error error;
  require(make_plan(plan, l, given.kernel.empty() ? nullptr : given.kernel.c_str(), error), error);
  const auto info = plan.info();
  std::string text(plan.describe(nullptr, 0) + 1, '\0');
  text.resize(plan.describe(&text[0], text.size()));

  std::printf("%-11s %s %s\n", "layer", l.name.c_str(), describe(l).c_str());
  std::printf("%-11s %s on %s, %lld piece%s for %u thread%s\n", "kernel", info.kernel, info.isa,
              static_cast<long long>(info.tasks), info.tasks == 1 ? "" : "s", given.threads,
              given.threads == 1 ? "" : "s");
  std::printf("%-11s %s\n", "plan", text.c_str());
  if (!l.pool())
    std::printf("%-11s %s packed (id %016llx)%s\n", "filter",
                size_text(double(info.packed_bytes)).c_str(),
                static_cast<unsigned long long>(info.packing_id),
                info.reads_raw_filter ? ", or as it is" : "");
  std::printf("%-11s %s", "workspace", size_text(double(info.workspace_bytes)).c_str());
  if (!l.pool())
    std::printf("; im2col would take %s",
                size_text(4.0 * double(l.n * l.ic * l.kh * l.kw * l.oh() * l.ow())).c_str());
  std::printf("\n");

  swconv_bench::pin_to_cpus(int(given.threads));
  const machine m(int(given.threads), true);
  const prediction p = predict(m, l, info);
  if (!l.pool()) {
    const double needed = 2 * l.needed_taps();
    const double nominal = 2.0 * double(l.dst_size() * l.ic_per_group() * l.kh * l.kw);
    std::printf("%-11s %.4g MFLOP", "arithmetic", needed / 1e6);
    if (needed < nominal)
      std::printf(" (%.0f%% of the taps are padding)", 100 * (1 - needed / nominal));
    std::printf(": %s at %.4g GFLOP/s\n", time_text(p.arithmetic).c_str(),
                m.peak_of(info.isa).flops / 1e9);
  }
  const double bytes = l.needed_reads() + l.written();
  std::printf("%-11s %s read, %s written: %s at %.4g GB/s\n", "memory",
              size_text(l.needed_reads()).c_str(), size_text(l.written()).c_str(),
              time_text(p.memory).c_str(), bytes / p.memory / 1e9);
  std::printf("%-11s %s, by %s\n", "limit", time_text(p.limit()).c_str(),
              p.arithmetic >= p.memory ? "arithmetic" : "memory");
  if (p.model > 0)
    std::printf("%-11s %s, %.0f%% of the limit; bound by %s\n", "expected",
                time_text(p.expected()).c_str(), 100 * p.limit() / p.expected(), p.bound());
  if (given.time) {
    const double taken = measure(plan, l);
    std::printf("%-11s %s, %.0f%% of the limit\n", "measured", time_text(taken).c_str(),
                100 * p.limit() / taken);
  }
  print_candidates(m, l, info.isa, info.kernel);
}

}  // namespace

void add_explain(CLI::App &app) {
  auto *command = app.add_subcommand(
      "explain", "what a plan decides for a layer, how long it should take, and what bounds it");
  auto &t = given.layer;
  command->add_option("operation", t.operation, "the kind of layer")
      ->required()
      ->check(CLI::IsMember(operations()));
  command->add_option("--src", t.src, "NxCxHxW, or NxCxW in one dimension")->required();
  command->add_option("--filter", t.filter,
                      "OUTxINxHxW, or OUTxINxW; IN counts the channels of one group");
  command->add_option("--window", t.window, "of pooling: HxW, or one number");
  command->add_option("--stride", t.stride, "HxW, or one number");
  command->add_option("--dilation", t.dilation, "HxW, or one number");
  command->add_option("--pad", t.pad,
                      "one number, HxW, TOPxLEFTxBOTTOMxRIGHT (1-D: LEFTxRIGHT), or "
                      "same");
  command->add_option("--groups", t.groups, "follows from --src and --filter if left out")
      ->check(CLI::Range(1, INT32_MAX));
  command->add_option("--isa", given.isa, "one of `swconv info`; default: the best here");
  command->add_option("--kernel", given.kernel,
                      "a name of `swconv info --kernels`, or a beginning");
  command->add_option("--math", given.math, "strict, or fast: fewer multiplications")
      ->check(CLI::IsMember({"strict", "fast"}));
  command->add_option("--threads", given.threads, "split the work for so many")
      ->check(thread_counts());
  command->add_flag("--time", given.time, "also run every kernel that serves the layer");
  command->footer(
      "limit: needed FLOPs at the measured peak, or needed bytes at the measured rate of memory,\n"
      "whichever takes longer. expected: the planner's cost model (docs/kernels.md) at that peak;\n"
      "of convolutions only, pooling has none. The kernel taken is marked *.\n\n"
      "Example: swconv explain conv2d --src 1x72x56x56 --filter 72x1x5x5 --stride 2 --pad same");
  command->callback(explain);
}

}  // namespace swconv_tool
