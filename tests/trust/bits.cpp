// SPDX-License-Identifier: MIT
// Writes what every instruction set with FMA computes to files, one for each, having compared the
// bits of 1, 2, 3 and 7 threads:
//     trust_bits DIRECTORY
// Files of two machines must be equal (`scripts/test aarch64` compares). NaNs are written as one
// NaN and zeros of max pooling as one zero, since neither promises its sign.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "backend.hpp"
#include "core_cases.hpp"
#include "generate.hpp"
#include "memory.hpp"
#include "reference.hpp"
#include "settings.hpp"
#include "thread_sources.hpp"

namespace swconv_test {
namespace {

struct tensors {
  std::vector<float> src, filter, channels, dst;
  guarded_memory packed, workspace;
};

swconv_status make(const conv_case &c, const swconv_plan_options &o, swconv_plan **plan) {
  std::vector<swconv_epilogue_op> ops;
  const auto p = to_params(c, &ops);
  return library().conv_plan(&p, &o, nullptr, plan, nullptr);
}
swconv_status make(const pool_case &c, const swconv_plan_options &o, swconv_plan **plan) {
  const auto p = to_params(c);
  return library().pool_plan(&p, &o, nullptr, plan, nullptr);
}

void fill_filter(const conv_case &c, tensors &t, swconv_run_args &args) {
  t.filter.resize(static_cast<size_t>(filter_shape(c).span()));
  fill(t.filter.data(), filter_shape(c), c.data, c.seed, role::filter);
  t.channels.resize(static_cast<size_t>(c.out_channels()));
  fill(t.channels.data(), {1, 1, 1, c.out_channels(), dense}, c.data, c.seed, role::bias);
  if (c.bias) args.bias = t.channels.data();
  if (c.scale) args.scale = t.channels.data();
}
void fill_filter(const pool_case &, tensors &, swconv_run_args &) {}

/// The results of one case, appended; false if something failed.
template <class Case>
bool append(const Case &c, const isa &i, bool max_pool, std::ofstream &out) {
  static tensors t;
  swconv_plan_options options{};
  options.struct_size = sizeof options;
  options.force_isa = i.name.c_str();
  options.max_threads = 7;
  plan_owner plan;
  if (make(c, options, plan.out()) != SWCONV_OK) return false;
  const auto info = plan.info();
  const auto ss = src_shape(c), ds = dst_shape(c);
  t.src.resize(static_cast<size_t>(ss.span()));
  t.dst.assign(static_cast<size_t>(ds.span()), 0.0f);
  fill(t.src.data(), ss, c.data, c.seed, role::src);
  swconv_run_args args{};
  args.struct_size = sizeof args;
  args.src = t.src.data();
  args.dst = t.dst.data();
  args.workspace = t.workspace.take(info.workspace_bytes, 64, edge::front);
  args.workspace_bytes = info.workspace_bytes;
  fill_filter(c, t, args);
  if (info.packed_bytes > 0) {
    void *packed = t.packed.take(info.packed_bytes, 64, edge::front);
    if (library().pack(plan.get(), t.filter.data(), packed, info.packed_bytes, nullptr) != SWCONV_OK)
      return false;
    args.packed_filter = packed;
    args.packed_bytes = info.packed_bytes;
  }
  if (library().run(plan.get(), &args, nullptr) != SWCONV_OK) return false;
  const auto serial = t.dst;
  for (const uint32_t workers : {2u, 3u, 7u}) {
    // Under an emulator one thread plays them all: starting threads is what would take the time.
    const auto threads = test_effort() == effort::quick ? reversed_threads(workers) : real_threads(workers);
    args.threads = &threads;
    std::fill(t.dst.begin(), t.dst.end(), 0.0f);
    if (library().run(plan.get(), &args, nullptr) != SWCONV_OK) return false;
    if (std::memcmp(t.dst.data(), serial.data(), serial.size() * sizeof(float)) != 0) return false;
  }
  for (float &v : t.dst) {
    if (std::isnan(v)) v = std::numeric_limits<float>::quiet_NaN();
    if (max_pool && v == 0) v = 0;
  }
  out.write(reinterpret_cast<const char *>(t.dst.data()),
            static_cast<std::streamsize>(t.dst.size() * sizeof(float)));
  return true;
}

bool write_isa(const isa &i, const std::string &path) {
  std::ofstream out(path, std::ios::binary);
  int64_t cases = 0;
  auto convolutions = cheaper_than(1e5, pairwise_convolutions(4711));
  for (const auto &c : cheaper_than(1e6, special_convolutions())) convolutions.push_back(c);
  for (auto &c : convolutions) {
    c.residual = no_residual;
    c.act %= SWCONV_ACT_SIGMOID;  // those whose bits are promised
    if (c.h == 0 || c.w == 0) continue;
    if (!append(c, i, false, out)) {
      std::fprintf(stderr, "%s: %s failed\n", i.name.c_str(), to_string(c).c_str());
      return false;
    }
    ++cases;
  }
  for (auto c : cheaper_than(1e5, pairwise_pools(4711))) {
    if (c.h == 0 || c.w == 0) continue;
    c.kind = SWCONV_POOL_MAX;
    if (!append(c, i, true, out)) return false;
    ++cases;
  }
  std::printf("%s: %lld cases, %lld bytes\n", i.name.c_str(), static_cast<long long>(cases),
              static_cast<long long>(out.tellp()));
  return bool(out);
}

}  // namespace
}  // namespace swconv_test

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int written = 0;
  for (const auto &i : swconv_test::isas()) {
    if (!i.has_fma) continue;
    if (!swconv_test::write_isa(i, std::string(argv[1]) + "/" + i.name + ".bits")) return 1;
    ++written;
  }
  return written > 0 ? 0 : 1;
}
