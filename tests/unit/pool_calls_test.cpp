// SPDX-License-Identifier: MIT
// Maxima with indices, pooling of bytes and adaptive pooling against the naive loop: header-only,
// and through the C ABI, on every instruction set.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "memory.hpp"
#include "settings.hpp"
#include "swconv/swconv.hpp"

namespace {

using namespace swconv;
using swconv_test::edge;
using swconv_test::guarded_memory;

uint64_t next_random() {
  static uint64_t state = 7;
  uint64_t x = state += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  return x ^ (x >> 27);
}
int64_t one_of(int64_t first, int64_t last) {
  return first + int64_t(next_random() % uint64_t(last - first + 1));
}

template <class T>
constexpr swconv_dtype dtype_of() {
  return std::is_same_v<T, float> ? SWCONV_F32 : std::is_same_v<T, uint8_t> ? SWCONV_U8 : SWCONV_I8;
}

/// Few different values, so that there are ties; zeros of both signs; sometimes a NaN.
template <class T>
T element(bool nan) {
  if constexpr (std::is_same_v<T, float>) {
    if (nan && next_random() % 40 == 0) return std::numeric_limits<float>::quiet_NaN();
    if (nan && next_random() % 40 == 0) return -std::numeric_limits<float>::infinity();
    const auto v = float(one_of(-9, 3)) / 4;
    return v == 0 && next_random() % 2 ? -0.0f : v;
  } else {
    return T(next_random() % 3 ? next_random() % 7 + 124 : next_random());
  }
}

template <class T>
bool is_nan(T x) {
  return x != x;
}

swconv_pool_params random_layer() {
  swconv_pool_params p;
  swconv_pool_params_init(&p);
  p.spatial_dims = 2;
  p.batch = one_of(1, 2);
  p.channels = one_of(1, 3);
  const bool large = next_random() % 8 == 0;
  for (int i = 1; i < 3; ++i) {
    p.src_size[i] = one_of(1, large ? 150 : 40);
    p.window[i] = one_of(1, next_random() % 3 == 0 ? (large ? 140 : 30) : 4);
    p.stride[i] = next_random() % 2 ? 1 : one_of(1, next_random() % 6 == 0 ? 40 : 4);
    p.dilation[i] = next_random() % 3 ? 1 : one_of(1, 4);
    p.pad_begin[i] = next_random() % 2 ? 0 : one_of(0, p.window[i]);
    p.pad_end[i] = next_random() % 2 ? 0 : one_of(0, p.window[i]);
  }
  p.ceil_mode = uint32_t(next_random() % 2);
  return p;
}

/// src, dst and indices (0, 1, 2), of nothing but their elements, each beside a protected page, by turns
/// before and after it, half of them some elements off it.
guarded_memory guards[3];
template <class T>
T *guarded(int which, int64_t count) {
  const size_t gap = next_random() % 2 ? size_t(one_of(1, 15)) : 0;
  return static_cast<T *>(guards[which].take(size_t(count) * sizeof(T), sizeof(T),
                                             next_random() % 2 ? edge::front : edge::back, gap * sizeof(T)));
}
bool nothing_beside_is_touched() {
  for (const auto &memory : guards)
    if (memory.block() != nullptr && !memory.slack_is_intact()) return false;
  return true;
}

/// Runs a layer and checks every element; false if it has no output.
template <class T, class Run>
bool check(const swconv_pool_params &p, bool indexed, uint32_t order, int64_t out_h, int64_t out_w,
           const Run &run, const std::string &text) {
  const int64_t h = p.src_size[1], w = p.src_size[2], planes = p.batch * p.channels;
  if (out_h < 1 || out_w < 1) return false;
  // Rows of src and dst are a little apart.
  const int64_t src_h = p.src_stride[3] ? p.src_stride[3] : w;
  const int64_t dst_h = p.dst_stride[3] ? p.dst_stride[3] : out_w;
  const int64_t src_count = (planes * h - 1) * src_h + w, dst_count = (planes * out_h - 1) * dst_h + out_w;
  T *src = guarded<T>(0, src_count), *dst = guarded<T>(1, dst_count);
  const bool nan = next_random() % 2;
  for (int64_t i = 0; i < src_count; ++i) src[i] = element<T>(nan);
  std::fill(dst, dst + dst_count, T(77));
  int64_t *const indices = guarded<int64_t>(2, planes * out_h * out_w);
  EXPECT_EQ(run(src, dst, indices), SWCONV_OK) << text;
  for (int64_t plane = 0; plane < planes; ++plane)
    for (int64_t y = 0; y < out_h; ++y)
      for (int64_t x = 0; x < out_w; ++x) {
        T best{};
        int64_t index = -1;
        for (int64_t i = 0; i < p.window[1]; ++i)
          for (int64_t j = 0; j < p.window[2]; ++j) {
            const int64_t r = y * p.stride[1] - p.pad_begin[1] + i * p.dilation[1];
            const int64_t c = x * p.stride[2] - p.pad_begin[2] + j * p.dilation[2];
            if (r < 0 || r >= h || c < 0 || c >= w) continue;
            const T v = src[(plane * h + r) * src_h + c];
            const bool better = p.kind == SWCONV_POOL_MIN ? v < best : v > best;
            if (index >= 0 && (is_nan(best) || !(better || is_nan(v)))) continue;
            best = v;
            index = plane * h * w + (order ? c * h + r : r * w + c);
          }
        if (index < 0)
          best = std::is_same_v<T, float>    ? T(-std::numeric_limits<float>::infinity())
                 : p.kind == SWCONV_POOL_MIN ? std::numeric_limits<T>::max()
                                             : std::numeric_limits<T>::lowest();
        const T got = dst[(plane * out_h + y) * dst_h + x];
        if (is_nan(best)) {
          EXPECT_TRUE(is_nan(got)) << text;
        } else {
          EXPECT_EQ(std::memcmp(&got, &best, sizeof best), 0)
              << text << ": " << y << ',' << x << " is " << double(got) << ", not " << double(best);
        }
        if (indexed) {
          EXPECT_EQ(indices[size_t((plane * out_h + y) * out_w + x)], index) << text;
        }
        if (testing::Test::HasFailure()) return true;
      }
  for (int64_t i = 0; i < dst_count; ++i)
    if (i % dst_h >= out_w) {
      EXPECT_EQ(dst[i], T(77)) << text << ": a gap in dst was written";
    }
  EXPECT_TRUE(nothing_beside_is_touched()) << text;
  return true;
}

template <class T>
void check_maxima() {
  const bool quick = swconv_test::environment_flag("SWCONV_TEST_QUICK");
  int run = 0;
  for (int i = 0; i < (quick ? 150 : 3000) && !testing::Test::HasFailure(); ++i) {
    auto p = random_layer();
    p.dtype = dtype_of<T>();
    const bool indexed = std::is_same_v<T, float> || next_random() % 2;
    if (!indexed && next_random() % 2) p.kind = SWCONV_POOL_MIN;
    const auto order = uint32_t(next_random() % 2);
    int64_t size[3];
    auto shape = p;
    shape.dtype = SWCONV_F32;
    if (swconv_pool_dst_size(&shape, size, nullptr) != SWCONV_OK) continue;
    if (next_random() % 3 == 0 && size[1] > 0 && size[2] > 0) {
      p.src_stride[4] = p.dst_stride[4] = 1;
      p.src_stride[3] = p.src_size[2] + 3, p.dst_stride[3] = size[2] + 5;
      p.src_stride[2] = p.src_stride[1] = p.src_stride[3] * p.src_size[1];
      p.dst_stride[2] = p.dst_stride[1] = p.dst_stride[3] * size[1];
      p.src_stride[0] = p.src_stride[1] * p.channels;
      p.dst_stride[0] = p.dst_stride[1] * p.channels;
    }
    const std::string text =
        "dtype " + std::to_string(p.dtype) + " kind " + std::to_string(p.kind) + " src " +
        std::to_string(p.src_size[1]) + "x" + std::to_string(p.src_size[2]) + " window " +
        std::to_string(p.window[1]) + "x" + std::to_string(p.window[2]) + " stride " +
        std::to_string(p.stride[1]) + "," + std::to_string(p.stride[2]) + " dilation " +
        std::to_string(p.dilation[1]) + "," + std::to_string(p.dilation[2]) + " pads " +
        std::to_string(p.pad_begin[1]) + "," + std::to_string(p.pad_begin[2]);
    for (const bool linked : {false, true})
      run += check<T>(
          p, indexed, order, size[1], size[2],
          [&](const T *src, T *dst, int64_t *indices) {
            if (linked && indexed)
              return swconv_max_pool(&p, src, dst, indices, order, nullptr, nullptr);
            if (linked) return swconv_pool(&p, src, dst, nullptr, nullptr);
            return static_cast<swconv_status>(
                max_pool(p, src, dst, indexed ? indices : nullptr, order));
          },
          text);
  }
  EXPECT_GT(run, quick ? 100 : 2000);
}

TEST(MaxPool, IndicesF32) { check_maxima<float>(); }
TEST(MaxPool, BytesU8) { check_maxima<uint8_t>(); }
TEST(MaxPool, BytesI8) { check_maxima<int8_t>(); }

TEST(MaxPool, RefusesNonsense) {
  swconv_pool_params p;
  swconv_pool_params_init(&p);
  p.spatial_dims = 2;
  p.batch = p.channels = 1;
  p.src_size[1] = p.src_size[2] = 4;
  p.window[1] = p.window[2] = 2;
  float src[16] = {}, dst[9] = {};
  int64_t indices[9];
  EXPECT_EQ(swconv_max_pool(&p, src, dst, indices, 0, nullptr, nullptr), SWCONV_OK);
  EXPECT_EQ(swconv_max_pool(&p, src, dst, indices, 2, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_max_pool(&p, src, dst, nullptr, 0, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_max_pool(&p, src, src, indices, 0, nullptr, nullptr), SWCONV_OVERLAP);
  p.kind = SWCONV_POOL_AVG;
  EXPECT_EQ(swconv_max_pool(&p, src, dst, indices, 0, nullptr, nullptr), SWCONV_UNSUPPORTED);
  p.dtype = SWCONV_U8;
  EXPECT_EQ(swconv_pool(&p, src, dst, nullptr, nullptr), SWCONV_UNSUPPORTED);
  p.dtype = SWCONV_F32;
  const int64_t size[2] = {2, 3};
  EXPECT_EQ(swconv_adaptive_pool(&p, size, src, dst, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
  p.window[1] = p.window[2] = 1;
  EXPECT_EQ(swconv_adaptive_pool(&p, size, src, dst, nullptr, nullptr), SWCONV_OK);
  EXPECT_EQ(swconv_adaptive_pool(&p, nullptr, src, dst, nullptr, nullptr), SWCONV_INVALID_ARGUMENT);
}

TEST(AdaptivePool, AgainstTheNaiveLoop) {
  for (int i = 0; i < 600 && !HasFailure(); ++i) {
    swconv_pool_params p;
    swconv_pool_params_init(&p);
    p.spatial_dims = 2;
    p.kind = uint32_t(i % 5);
    p.batch = one_of(1, 2), p.channels = one_of(1, 3);
    const int64_t h = p.src_size[1] = one_of(1, 30), w = p.src_size[2] = one_of(1, 70);
    const int64_t size[2] = {one_of(1, 12), one_of(1, 80)}, planes = p.batch * p.channels;
    float *src = guarded<float>(0, planes * h * w), *dst = guarded<float>(1, planes * size[0] * size[1]);
    for (int64_t k = 0; k < planes * h * w; ++k)
      src[k] = element<float>(i % 3 == 0 && p.kind != SWCONV_POOL_L2);
    ASSERT_EQ(i % 2 ? swconv_adaptive_pool(&p, size, src, dst, nullptr, nullptr)
                    : static_cast<swconv_status>(adaptive_pool(p, size[0], size[1], src, dst)),
              SWCONV_OK);
    ASSERT_TRUE(nothing_beside_is_touched());
    size_t at = 0;
    for (int64_t n = 0; n < planes; ++n)
      for (int64_t y = 0; y < size[0]; ++y)
        for (int64_t x = 0; x < size[1]; ++x) {
          const int64_t y0 = y * h / size[0], y1 = ((y + 1) * h + size[0] - 1) / size[0];
          const int64_t x0 = x * w / size[1], x1 = ((x + 1) * w + size[1] - 1) / size[1];
          double sum = 0, most = -INFINITY;
          bool nan = false;
          for (int64_t r = y0; r < y1; ++r)
            for (int64_t c = x0; c < x1; ++c) {
              const double v = src[(n * h + r) * w + c];
              nan = nan || std::isnan(v);
              sum += p.kind == SWCONV_POOL_L1 ? std::fabs(v) : p.kind == SWCONV_POOL_L2 ? v * v : v;
              most = std::fmax(most, p.kind == SWCONV_POOL_MIN ? -v : v);
            }
          double want = p.kind == SWCONV_POOL_MAX   ? most
                        : p.kind == SWCONV_POOL_MIN ? -most
                        : p.kind == SWCONV_POOL_AVG ? sum / double((y1 - y0) * (x1 - x0))
                        : p.kind == SWCONV_POOL_L2  ? std::sqrt(sum)
                                                    : sum;
          if (nan) want = NAN;
          // Sums of quarters are exact; a quotient and a root are rounded once.
          const float got = dst[at++], expected = float(want);
          ASSERT_TRUE(std::isnan(want) ? std::isnan(got) : got == expected)
              << "kind " << p.kind << " src " << h << 'x' << w << " dst " << size[0] << 'x'
              << size[1] << ": " << got << " is not " << expected;
        }
  }
}

}  // namespace
