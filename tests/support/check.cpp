// SPDX-License-Identifier: MIT
#include "check.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstring>
#include <deque>
#include <functional>
#include <sstream>

#include "backend.hpp"
#include "coverage.hpp"
#include "memory.hpp"
#include "reference.hpp"
#include "thread_sources.hpp"

namespace swconv_test {
namespace {

/// Memory of one testing thread, reused from case to case.
struct workbench {
  guarded_memory src, filter, bias, scale, residual, dst, workspace;
  std::deque<guarded_memory> packed;
};

workbench &bench() {
  thread_local workbench mine;
  return mine;
}

/// What to print before a crash ends the program: "ISA, kernel, case", then a line break.
thread_local char now_running[1024];

void announce(const std::string &isa, const std::string &kernel, const std::string &what) {
  const auto text = "SWCONV_TEST_ISA=" + isa + " SWCONV_TEST_CASE='" + what + "': crash in " + kernel + "\n";
  text.copy(now_running, sizeof now_running - 1);
  now_running[std::min(text.size(), sizeof now_running - 1)] = '\0';
}

void print_and_die(int signal) {
  const auto written = write(STDERR_FILENO, now_running, std::strlen(now_running));
  (void)written;
  std::signal(signal, SIG_DFL);
  raise(signal);
}

struct packed_filter {
  uint64_t id;
  const void *data;
  size_t bytes;
};

/// What convolutions and pooling have in common once their data are in place.
struct job {
  std::string text;
  bool legal = true;  // else every plan must be refused
  std::function<swconv_status(const swconv_plan_options &, swconv_plan **, swconv_error *)> make;
  tensor_shape dst;
  reference ref;
  bool exact_bits = true;   // the reference has the very bits
  bool signed_zero = true;  // -0 and +0 differ
  edge side = edge::back;
  int64_t gap = 0;
  conv_data data{};              // residual: only one that is not dst
  const float *initial = nullptr;  // dense values of dst before the run, or null for canaries
  std::vector<packed_filter> packed;
};

bool same_bits(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }

template <class Visit>
void each_element(const tensor_shape &s, Visit visit) {
  int64_t index = 0;
  for (int64_t n = 0; n < s.size[0]; ++n)
    for (int64_t c = 0; c < s.size[1]; ++c)
      for (int64_t h = 0; h < s.size[2]; ++h)
        for (int64_t w = 0; w < s.size[3]; ++w, ++index) visit(s.at(n, c, h, w), index);
}

/// dst as memory: canaries, with `dense` at the places of the elements.
std::vector<float> image_of(const tensor_shape &shape, const float *dense) {
  std::vector<float> image(static_cast<size_t>(shape.span()), canary());
  if (dense)
    each_element(shape, [&](int64_t at, int64_t i) { image[static_cast<size_t>(at)] = dense[i]; });
  return image;
}

std::string place_of(const tensor_shape &s, int64_t index) {
  std::ostringstream text;
  const int64_t w = index % s.size[3], h = index / s.size[3] % s.size[2];
  const int64_t c = index / (s.size[3] * s.size[2]) % s.size[1];
  text << "dst[" << index / (s.size[3] * s.size[2] * s.size[1]) << "][" << c << "][" << h << "]["
       << w << "]";
  return text.str();
}

/// Is `got` right for element i? With the canonical value at hand, its bits; else the bound.
bool right(const job &j, size_t i, float got, const float *canonical) {
  if (canonical) {
    const float want = canonical[i];
    if (std::isnan(want)) return std::isnan(got);
    return j.signed_zero ? same_bits(want, got) : want == got;
  }
  const double exact = j.ref.exact[i], bound = j.ref.bound[i];
  if (std::isnan(exact)) return std::isnan(got);
  if (std::isfinite(exact) && std::isfinite(bound)) return std::fabs(got - exact) <= bound;
  return std::isinf(exact) ? got == exact : std::fabs(got - exact) <= 1e-5 * std::fabs(exact) + 1e-5;
}

/// Compares dst with the image; on a difference finds out whether it matters.
std::string compare(const job &j, const float *dst, const std::vector<float> &image,
                    const float *canonical) {
  if (image.empty()) return {};  // there may be no memory at all to compare
  if (canonical && std::memcmp(dst, image.data(), image.size() * sizeof(float)) == 0) return {};
  std::ostringstream wrong;
  wrong.precision(9);
  std::vector<float> with_results = image;
  int64_t count = 0;
  each_element(j.dst, [&](int64_t at, int64_t index) {
    const auto i = static_cast<size_t>(index);
    with_results[static_cast<size_t>(at)] = dst[at];
    if (right(j, i, dst[at], canonical) || count++ > 0) return;
    wrong << place_of(j.dst, index) << " is " << dst[at] << ", not "
          << (canonical ? canonical[i] : j.ref.exact[i]);
    if (!canonical) wrong << " +- " << j.ref.bound[i];
    if (same_bits(dst[at], canary())) wrong << " (never written)";
  });
  if (count > 0) {
    wrong << "; " << count << " of " << j.dst.count() << " wrong";
    return wrong.str();
  }
  if (std::memcmp(dst, with_results.data(), image.size() * sizeof(float)) != 0)
    return "a gap in dst was written";
  return {};
}

/// The reference must agree with itself: f64 and canonical f32 were computed apart.
std::string self_check(const job &j, const std::vector<float> &canonical, bool integers) {
  for (size_t i = 0; i < canonical.size(); ++i) {
    const double exact = j.ref.exact[i];
    if (!std::isfinite(exact) || !std::isfinite(j.ref.bound[i])) continue;
    if (std::fabs(canonical[i] - exact) > (integers ? 0 : j.ref.bound[i])) {
      std::ostringstream text;
      text.precision(9);
      text << "the canonical result " << canonical[i] << " is off the exact " << exact;
      return text.str();
    }
  }
  return {};
}

/// The packed filter for a plan: made by the first plan with its id, then used by all.
std::string find_packed(job &j, const swconv_plan *plan, const swconv_plan_info &info,
                        packed_filter *found) {
  for (const auto &p : j.packed)
    if (p.id == info.packing_id) {
      *found = p;
      return p.bytes == info.packed_bytes ? "" : "one packing id, two values of packed_bytes";
    }
  auto &memory = bench().packed;
  if (memory.size() <= j.packed.size()) memory.emplace_back();
  auto &block = memory[j.packed.size()];
  void *data = block.take(info.packed_bytes, 64, j.side);
  swconv_error error{};
  error.struct_size = sizeof error;
  if (library().pack(plan, j.data.filter, data, info.packed_bytes, &error) != SWCONV_OK)
    return std::string("pack: ") + error.message;
  if (!block.slack_is_intact()) return "pack wrote outside packed_bytes";
  *found = {info.packing_id, data, info.packed_bytes};
  j.packed.push_back(*found);
  return {};
}

std::string run_once(const job &j, const swconv_plan *plan, const swconv_plan_info &info,
                     const packed_filter *packed, int threads, std::vector<float> &image,
                     const float *canonical) {
  auto &b = bench();
  const int64_t span = j.dst.span();
  float *dst = b.dst.take_floats(span, j.side, j.gap);  // filled with canaries
  if (j.initial)
    each_element(j.dst, [&](int64_t at, int64_t i) { dst[at] = j.initial[i]; });

  swconv_run_args args{};
  args.struct_size = sizeof args;
  args.src = j.data.src;
  args.filter = packed ? nullptr : j.data.filter;
  args.packed_filter = packed ? packed->data : nullptr;
  args.packed_bytes = packed ? packed->bytes : 0;
  args.bias = j.data.bias;
  args.scale = j.data.scale;
  args.residual = j.initial ? dst : j.data.residual;
  args.dst = dst;
  if (info.workspace_bytes > 0)
    args.workspace = b.workspace.take(info.workspace_bytes, 64, j.side);
  args.workspace_bytes = info.workspace_bytes;
  const auto source = threads < 0 ? reversed_threads(static_cast<uint32_t>(-threads))
                                  : real_threads(static_cast<uint32_t>(threads));
  if (threads != 1) args.threads = &source;

  swconv_error error{};
  error.struct_size = sizeof error;
  const auto status = library().run(plan, &args, &error);
  if (status != SWCONV_OK) return "run: status " + std::to_string(status) + ", " + error.message;
  if (!b.dst.slack_is_intact()) return "dst was written outside its span";
  if (info.workspace_bytes > 0 && !b.workspace.slack_is_intact())
    return "the workspace was written outside its size";
  return compare(j, dst, image, canonical);
}

/// One plan: every way to give the filter, every number of threads.
std::string run_plan(job &j, const isa &i, const std::string &force, const scope &s, bool *ran) {
  uint32_t max_threads = 1;
  for (const int t : s.threads) max_threads = std::max(max_threads, static_cast<uint32_t>(std::abs(t)));
  swconv_plan_options options{};
  options.struct_size = sizeof options;
  options.max_threads = max_threads;
  options.force_isa = i.name.c_str();
  options.force_kernel = force.empty() ? nullptr : force.c_str();
  swconv_error error{};
  error.struct_size = sizeof error;

  plan_owner plan;
  const auto status = j.make(options, plan.out(), &error);
  if (!j.legal)
    return status == SWCONV_INVALID_ARGUMENT ? "" : "an empty extent was not refused";
  if (status == SWCONV_UNSUPPORTED && !force.empty()) return {};
  if (status != SWCONV_OK)
    return "plan: status " + std::to_string(status) + ", " + error.message;

  const auto info = plan.info();
  const std::string kernel = info.kernel ? info.kernel : "";
  const std::string who = "[" + i.name + " " + kernel + "] ";
  if (info.isa != i.name) return who + "is not the forced ISA " + i.name;
  if (kernel.compare(0, force.size(), force) != 0) return who + "is not the forced " + force;
  if (info.dst_size[1] != j.dst.size[2] || info.dst_size[2] != j.dst.size[3])
    return who + "has a wrong dst_size";
  if (std::find(i.kernels.begin(), i.kernels.end(), kernel) == i.kernels.end())
    return who + "is not a name of swconv_kernels";

  announce(i.name, kernel, j.text);
  const bool has_filter = j.data.filter != nullptr;
  packed_filter packed{};
  if (has_filter && info.packed_bytes > 0) {
    const auto wrong = find_packed(j, plan.get(), info, &packed);
    if (!wrong.empty()) return who + wrong;
  }
  const auto &canonical = i.has_fma ? j.ref.fused : j.ref.unfused;
  const float *bits = j.exact_bits ? canonical.data() : nullptr;
  auto image = image_of(j.dst, bits);
  bool first = true;
  for (int raw = 0; raw < 2; ++raw) {
    if (raw == 1 && !(has_filter && info.reads_raw_filter)) continue;
    if (raw == 0 && has_filter && !packed.data) continue;
    for (const int threads : s.threads) {
      const auto wrong = run_once(j, plan.get(), info, raw || !has_filter ? nullptr : &packed,
                                  threads, image, bits);
      if (!wrong.empty())
        return who + (raw ? "raw filter, " : "") + std::to_string(threads) + " threads: " + wrong;
      // Where only an error is promised, the first result is the measure of the others' bits.
      if (!bits && first && !image.empty()) {
        const float *dst = static_cast<const float *>(bench().dst.block());
        std::copy(dst, dst + image.size(), image.begin());
      } else if (!bits && !image.empty() && std::memcmp(bench().dst.block(), image.data(), image.size() * 4) != 0) {
        return who + std::to_string(threads) + " threads: other bits than the first run";
      }
      first = false;
      count_run(i.name, kernel);
      *ran = true;
    }
  }
  return {};
}

std::string run_everywhere(job &j, const scope &s) {
  std::string wrong;
  // A plan for one thread has larger blocks than one for several.
  scope serial = s;
  if (std::count(s.threads.begin(), s.threads.end(), 1) > 0) serial.threads = {1};
  for (const auto &i : isas()) {
    std::vector<std::string> forced = {""};
    const auto &more = s.kernels == breadth::families ? i.families : i.kernels;
    if (s.kernels != breadth::planned) forced.insert(forced.end(), more.begin(), more.end());
    if (s.only) forced = {i.has_kernel(s.only) ? s.only : ""};
    bool ran = false;
    for (const auto &force : forced) {
      wrong = run_plan(j, i, force, s, &ran);
      if (wrong.empty() && serial.threads != s.threads) wrong = run_plan(j, i, force, serial, &ran);
      if (wrong.empty()) continue;
      if (!force.empty()) wrong += " (force_kernel=" + force + ")";
      return "SWCONV_TEST_ISA=" + i.name + " SWCONV_TEST_CASE='" + j.text + "': " + wrong;
    }
    if (j.legal && !ran && !s.only && j.dst.count() > 0) return j.text + ": no kernel ran on " + i.name;
  }
  return {};
}

/// A tensor in guarded memory, canaries in its gaps.
const float *place(guarded_memory &memory, const tensor_shape &shape, int64_t data, int64_t seed,
                   role r, const job &j) {
  float *base = memory.take_floats(shape.span(), j.side, j.gap);
  fill(base, shape, data, seed, r);
  return base;
}

template <class Case>
bool is_legal(const Case &c) {
  return c.h > 0 && c.w > 0;
}

template <class Case>
edge side_of(const Case &c, const scope &s) {
  if (s.page != scope::either) return s.page == scope::in_front ? edge::front : edge::back;
  return (c.w + c.kw + c.h + c.seed) % 2 ? edge::front : edge::back;
}

bool needs_fused() {
  return std::any_of(isas().begin(), isas().end(), [](const isa &i) { return i.has_fma; });
}

}  // namespace

void report_case_on_crash() {
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) std::signal(signal, print_and_die);
}

std::string check(const conv_case &c, const scope &s) {
  job j;
  std::vector<swconv_epilogue_op> ops;
  const auto params = to_params(c, &ops);
  j.make = [&](const swconv_plan_options &options, swconv_plan **plan, swconv_error *error) {
    return library().conv_plan(&params, &options, nullptr, plan, error);
  };
  j.text = to_string(c);
  j.legal = is_legal(c);
  if (!j.legal) return run_everywhere(j, s);
  j.dst = dst_shape(c);
  j.side = side_of(c, s);
  j.gap = s.gap;

  auto &b = bench();
  const tensor_shape channels(1, 1, 1, c.out_channels(), dense);
  j.data.src = place(b.src, src_shape(c), c.data, c.seed, role::src, j);
  j.data.filter = place(b.filter, filter_shape(c), c.data, c.seed, role::filter, j);
  if (c.bias) j.data.bias = place(b.bias, channels, c.data, c.seed, role::bias, j);
  if (c.scale) j.data.scale = place(b.scale, channels, c.data, c.seed, role::scale, j);
  if (c.residual != no_residual)
    j.data.residual = place(b.residual, j.dst, c.data, c.seed, role::residual, j);

  j.ref = convolve(c, j.data, needs_fused());
  j.exact_bits = j.ref.bits_are_promised && !c.fast;
  std::vector<float> initial;
  if (c.residual == residual_is_dst) {
    each_element(j.dst, [&](int64_t at, int64_t) { initial.push_back(j.data.residual[at]); });
    j.data.residual = nullptr;
    j.initial = initial.data();
  }
  const bool exact = c.data == integers && !c.fast && c.act <= SWCONV_ACT_LEAKY_RELU;
  std::string wrong;
  if (j.exact_bits) wrong = self_check(j, j.ref.unfused, exact);
  if (j.exact_bits && wrong.empty()) wrong = self_check(j, j.ref.fused, exact);
  return wrong.empty() ? run_everywhere(j, s) : j.text + ": " + wrong;
}

std::string check(const pool_case &c, const scope &s) {
  job j;
  const auto params = to_params(c);
  j.make = [&](const swconv_plan_options &options, swconv_plan **plan, swconv_error *error) {
    return library().pool_plan(&params, &options, nullptr, plan, error);
  };
  j.text = to_string(c);
  j.legal = is_legal(c);
  if (!j.legal) return run_everywhere(j, s);
  j.dst = dst_shape(c);
  j.side = side_of(c, s);
  j.gap = s.gap;
  j.data.src = place(bench().src, src_shape(c), c.data, c.seed, role::src, j);
  j.ref = pool(c, j.data.src);
  j.exact_bits = j.ref.bits_are_promised;
  j.signed_zero = false;
  const auto wrong = self_check(j, j.ref.fused, false);
  return wrong.empty() ? run_everywhere(j, s) : j.text + ": " + wrong;
}

}  // namespace swconv_test
