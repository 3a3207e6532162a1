// SPDX-License-Identifier: MIT
// The errors of math = fast, tile by tile, against f64 and the direct chain: the table of
// docs/numerics.md. Built on demand: ninja swconv-fast-errors
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "swconv/fast/tiles.hpp"
#include "swconv/kernels/winograd.hpp"

namespace {

using namespace swconv;

struct tile_choice {
  int64_t mh, nh, mw, nw, kh, kw, stride = 1;
};
struct errors {
  double max = 0, squares = 0;
  void add(double e) {
    max = std::fmax(max, e);
    squares += e * e;
  }
};

using buffer = std::vector<float>;

float *aligned(buffer &b, int64_t floats) {
  b.resize(static_cast<size_t>(floats) + 16);
  const auto address = reinterpret_cast<uintptr_t>(b.data());
  return b.data() + (64 - address % 64) % 64 / 4;
}

/// One random layer with `channels` in and 32 out channels, src uniform in [low, 1).
void study(const tile_choice &q, int64_t channels, float low) {
  constexpr int64_t outs = 32;
  const int64_t height = q.kh == 1 ? 1 : 24, width = q.kh == 1 ? 400 : 24;
  problem p{};
  p.h = axis{height, (height - q.kh) / q.stride + 1, q.kh, q.stride, 1, 0};
  p.w = axis{width, (width - q.kw) / q.stride + 1, q.kw, q.stride, 1, 0};
  p.batch = p.groups = 1;
  p.in_channels = channels;
  p.out_channels = outs;
  p.src = {channels * height * width, height * width, width};
  p.dst = {outs * p.h.out * p.w.out, p.h.out * p.w.out, p.w.out};
  constexpr int lanes = winograd::lanes;
  if (!detail::cut_axis(p.h, q.nh, q.mh, false, p.tiles.h) ||
      !detail::cut_axis(p.w, q.nw, q.mw, true, p.tiles.w))
    std::abort();
  detail::size_block(p, lanes, p.tiles);

  std::mt19937 random(static_cast<unsigned>(channels));
  std::uniform_real_distribution<float> of_src(low, 1), of_filter(-1, 1);
  const int64_t taps = q.kh * q.kw;
  buffer src(static_cast<size_t>(p.src.n)), filter(static_cast<size_t>(outs * channels * taps));
  buffer dst(static_cast<size_t>(p.dst.n)), packed_memory, workspace_memory;
  for (float &x : src) x = of_src(random);
  for (float &x : filter) x = of_filter(random);
  float *const packed = aligned(packed_memory, detail::tiled_filter_floats(p, lanes, p.tiles));
  detail::pack_tiles(p, {channels * taps, taps, q.kw, 1}, lanes, filter.data(), packed);
  run_pointers r{};
  r.src = src.data();
  r.filter = packed;
  r.dst = dst.data();
  r.workspace = aligned(workspace_memory, p.tiles.workspace_floats(channels, lanes));
  winograd::run(p, r, block{0, 0, 0, outs, 0, p.tiles.h.tiles, 0, p.tiles.w.tiles});

  errors fast, direct;
  int64_t count = 0;
  for (int64_t i = 0; i < p.dst.n; i += 7, ++count) {
    const int64_t oc = i / p.dst.c, y = i / p.w.out % p.h.out, x = i % p.w.out;
    double exact = 0, magnitude = 0;
    float chain = 0;
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t k = 0; k < taps; ++k) {
        const float s = src[static_cast<size_t>((c * height + y * q.stride + k / q.kw) * width + x * q.stride + k % q.kw)];
        const float f = filter[static_cast<size_t>((oc * channels + c) * taps + k)];
        exact += double(s) * f;
        magnitude += std::fabs(double(s) * f);
        chain = std::fma(f, s, chain);
      }
    fast.add(std::fabs(exact - dst[static_cast<size_t>(i)]) / magnitude);
    direct.add(std::fabs(exact - chain) / magnitude);
  }
  char name[40];
  std::snprintf(name, sizeof name, "F(%dx%d, %dx%d)%s", int(q.mh), int(q.mw), int(q.kh), int(q.kw),
                q.stride == 2 ? " s2" : "");
  std::printf("| %-14s | %dx%d | %4d | %4.1f | %.1e | %.1e | %.1e | %.1f |\n", name, int(q.nh),
              int(q.nw), int(channels), double(low), fast.max, std::sqrt(fast.squares / double(count)),
              direct.max, std::sqrt(fast.squares / direct.squares));
}

}  // namespace

int main() {
  std::puts("| tile | points | channels | src from | max | rms | direct max | rms over direct's |");
  std::puts("|---|---|---|---|---|---|---|---|");
  for (const tile_choice q :
       {tile_choice{2, 4, 2, 4, 3, 3}, {4, 6, 4, 6, 3, 3}, {6, 8, 6, 8, 3, 3}, {2, 6, 2, 6, 5, 5},
        {4, 8, 4, 8, 5, 5}, {2, 8, 2, 8, 7, 7}, {1, 1, 4, 6, 1, 3}, {1, 1, 6, 8, 1, 3},
        {1, 1, 4, 8, 1, 7}, {1, 1, 4, 8, 1, 15}, {1, 1, 6, 10, 1, 5}, {1, 1, 4, 10, 1, 7},
        {1, 1, 5, 10, 1, 11}, {1, 1, 5, 10, 1, 51}, {3, 7, 3, 7, 3, 3, 2}})
    for (const int channels : {16, 64, 256, 512})
      for (const float low : {-1.0f, 0.0f}) study(q, channels, low);
}
