// SPDX-License-Identifier: MIT
#include "variant.hpp"

namespace swconv_bench {

// peers.inc holds one line per peer that was found when the build was configured.
void add_swconv(variant_list &list);
#define SWCONV_BENCH_PEER(file) void add_##file(variant_list &list);
#include "peers.inc"
#undef SWCONV_BENCH_PEER

const variant_list &all_variants() {
  static const variant_list list = [] {
    variant_list l;
    add_swconv(l);
#define SWCONV_BENCH_PEER(file) add_##file(l);
#include "peers.inc"
#undef SWCONV_BENCH_PEER
    return l;
  }();
  return list;
}

void to_channels_last(const float *planar, float *last, int64_t n, int64_t c, int64_t pixels) {
  for (int64_t b = 0; b < n; ++b)
    for (int64_t i = 0; i < c; ++i)
      for (int64_t p = 0; p < pixels; ++p)
        last[(b * pixels + p) * c + i] = planar[(b * c + i) * pixels + p];
}

void to_planar(const float *last, float *planar, int64_t n, int64_t c, int64_t pixels) {
  for (int64_t b = 0; b < n; ++b)
    for (int64_t i = 0; i < c; ++i)
      for (int64_t p = 0; p < pixels; ++p)
        planar[(b * c + i) * pixels + p] = last[(b * pixels + p) * c + i];
}

}  // namespace swconv_bench
