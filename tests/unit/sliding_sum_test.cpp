// SPDX-License-Identifier: MIT
// Sliding sums against the naive loop: every operator, type, window and kind of edges, in place and
// not, with functors that do not commute; header-only, and through the C ABI on every instruction set.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "memory.hpp"
#include "settings.hpp"
#include "swconv/sliding_sum.hpp"

namespace {

using namespace swconv;
using swconv_test::edge;
using swconv_test::guarded_memory;

/// splitmix64
uint64_t next_random() {
  static uint64_t state = 1;
  uint64_t x = state += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// y -> a y + b, modulo 2^32: composition does not commute, and an even `a` has no inverse. The
/// paper's pair (u, v) of a first-order recurrence.
struct affine {
  uint32_t a, b;
  bool operator==(const affine &o) const { return a == o.a && b == o.b; }
};
struct compose {
  affine operator()(affine p, affine q) const { return {p.a * q.a, p.b * q.a + q.b}; }
};
/// Keeps the first: associative, as far from commutative as can be.
struct first_of_both {
  template <class T>
  T operator()(T a, T) const {
    return a;
  }
};

template <class T>
T random_element() {
  if constexpr (std::is_same_v<T, affine>)
    return {uint32_t(next_random()), uint32_t(next_random())};
  else if constexpr (std::is_floating_point_v<T>)
    return T(int(next_random() % 7) - 3);  // sums are exact
  else
    return T(next_random());
}
template <>
float random_element<float>() {
  return float(int(next_random() % 7) - 3);
}

struct layout {
  int64_t h, w, kh, kw, before_h, before_w;
  edges e;
  bool in_place;
  std::string text() const {
    return std::to_string(h) + "x" + std::to_string(w) + " window " + std::to_string(kh) + "x" +
           std::to_string(kw) + " before " + std::to_string(before_h) + "," +
           std::to_string(before_w) + " edges " + std::to_string(int(e)) +
           (in_place ? " in place" : "");
  }
  int64_t out_h() const { return e == edges::valid ? h - kh + 1 : h; }
  int64_t out_w() const { return e == edges::valid ? w - kw + 1 : w; }
};

/// Column by column from the top, then the columns from the left.
template <class T, class F>
std::vector<T> naive(const layout &l, const std::vector<T> &src, int64_t stride, T fill, F f) {
  const bool valid = l.e == edges::valid, truncated = l.e == edges::truncated;
  const int64_t bh = valid ? 0 : l.before_h, bw = valid ? 0 : l.before_w;
  // Columns of the windows of a row of results, from column -bw of src on.
  const int64_t first = truncated ? bw : 0;  // the first and one past the last that are not empty
  const int64_t last = truncated ? l.w + bw : l.out_w() + l.kw - 1;
  std::vector<T> all, columns(size_t(l.out_w() + l.kw - 1));
  for (int64_t y = 0; y < l.out_h(); ++y) {
    for (int64_t j = first; j < last; ++j) {
      bool some = false;
      T &column = columns[size_t(j)];
      for (int64_t i = y - bh; i < y - bh + l.kh; ++i) {
        const bool outside = i < 0 || i >= l.h || j < bw || j >= l.w + bw;
        if (outside && truncated) continue;
        const T v = outside ? fill : src[size_t(i * stride + j - bw)];
        column = some ? f(column, v) : v;
        some = true;
      }
    }
    for (int64_t x = 0; x < l.out_w(); ++x) {
      int64_t j = std::max(x, first);
      T sum = columns[size_t(j)];
      while (++j < std::min(x + l.kw, last)) sum = f(sum, columns[size_t(j)]);
      all.push_back(sum);
    }
  }
  return all;
}

/// `run(src, dst, stride, fill)` must give what the naive loop gives, and touch nothing else: rows
/// are three elements apart, and src and dst begin or end at a protected page, or a few elements off it.
template <class T, class F, class Run>
void expect_naive(const layout &l, F f, const Run &run, const std::string &what) {
  const int64_t stride = l.w + 3;
  const edge side = next_random() % 2 ? edge::front : edge::back;
  const size_t gap = next_random() % 2 ? next_random() % 16 : 0;  // in elements
  static guarded_memory src_memory, dst_memory;
  const auto place = [&](guarded_memory &memory, int64_t h, int64_t w, size_t *count) {
    *count = size_t((h - 1) * stride + w);
    T *data = static_cast<T *>(memory.take(*count * sizeof(T), sizeof(T), side, gap * sizeof(T)));
    for (size_t i = 0; i < *count; ++i) data[i] = random_element<T>();
    return data;
  };
  size_t count, dst_count;
  T *src = place(src_memory, l.h, l.w, &count), *dst = src;
  const std::vector<T> given(src, src + count);
  if (!l.in_place) dst = place(dst_memory, l.out_h(), l.out_w(), &dst_count);
  if (l.in_place) dst_count = count;
  const std::vector<T> before(dst, dst + dst_count);
  const T fill = random_element<T>();
  const auto want = naive(l, given, stride, fill, f);
  ASSERT_EQ(run(src, dst, stride, fill), SWCONV_OK) << what << ' ' << l.text();
  for (size_t at = 0; at < dst_count; ++at) {
    const int64_t y = int64_t(at) / stride, x = int64_t(at) % stride;
    const bool is_result = y < l.out_h() && x < l.out_w();
    const T &expected = is_result ? want[size_t(y * l.out_w() + x)] : before[at];
    ASSERT_TRUE(dst[at] == expected) << what << ' ' << l.text() << ": " << y << ',' << x;
  }
  ASSERT_TRUE(src_memory.slack_is_intact()) << what << ' ' << l.text();
  ASSERT_TRUE(l.in_place || dst_memory.slack_is_intact()) << what << ' ' << l.text();
}

std::vector<layout> layouts() {
  std::vector<layout> all;
  const bool quick = swconv_test::environment_flag("SWCONV_TEST_QUICK");
  for (const int64_t w : {1, 2, 5, 16, 63, 64, 65, 130, 200, 700})
    for (const int64_t kw : {1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 17, 31, 33, 63, 64, 65, 100, 127, 128, 129, 200, 300, 511, 512, 513, 640})
      for (const int64_t h : {1, 7, 12})
        for (const int64_t kh : {1, 2, 5, 6})
          for (const edges e : {edges::valid, edges::fill, edges::truncated}) {
            if ((h == 1 && kh > 1) || (e == edges::valid && (kw > w || kh > h))) continue;
            if (next_random() % (quick ? 200 : 10) != 0) continue;
            for (const bool in_place : {false, true})
              all.push_back({h, w, kh, kw, int64_t(next_random() % uint64_t(kh)),
                             int64_t(next_random() % uint64_t(kw)), e, in_place});
          }
  all.push_back({1, 20000, 1, 17, 0, 0, edges::valid, false});  // straight from src, in chunks
  if (quick) return all;  // the naive loop takes long
  all.push_back({1, 12000, 1, 9000, 0, 0, edges::valid, false});
  all.push_back({1, 10000, 1, 1000, 0, 999, edges::truncated, true});
  all.push_back({300, 40, 100, 3, 99, 1, edges::truncated, true});
  return all;
}

template <class T, class Op, class F>
void expect_header(const Op &op, F f, const char *what) {
  for (const auto &l : layouts())
    expect_naive<T>(
        l, f,
        [&](const T *src, T *dst, int64_t stride, T fill) {
          sliding_options<T> o;
          o.edges = l.e;
          o.before = l.before_w;
          o.before_h = l.before_h;
          o.fill = fill;
          return static_cast<swconv_status>(
              sliding_sum_2d(src, stride, dst, stride, l.h, l.w, l.kh, l.kw, op, o));
        },
        what);
}

TEST(SlidingSum, FunctorsThatDoNotCommute) {
  expect_header<affine>(compose(), compose(), "compose");
  expect_header<int32_t>(first_of_both(), first_of_both(), "first");
}
TEST(SlidingSum, LambdasOverElements) {
  const auto larger = [](uint8_t a, uint8_t b) { return a > b ? a : b; };
  expect_header<double>([&](double a, double b) { return a + b; }, std::plus<double>(), "lambda");
  expect_header<uint8_t>(larger, larger, "lambda");
}
TEST(SlidingSum, OperatorsInVectors) {
  expect_header<float>(ops::add(), std::plus<float>(), "add");
  expect_header<double>(ops::max(), [](double a, double b) { return a > b ? a : b; }, "max");
  expect_header<uint8_t>(ops::mul(), [](uint8_t a, uint8_t b) { return uint8_t(a * b); }, "mul");
  expect_header<int32_t>(ops::min(), [](int32_t a, int32_t b) { return a < b ? a : b; }, "min");
  expect_header<int32_t>(ops::bit_xor(), std::bit_xor<int32_t>(), "xor");
}

/// Every number of vectors and of groups of vectors, and one or none over; rows of one part and of
/// two; with a NaN and without.
template <class T, class Op, class Better>
void expect_extremes(const Op &op, Better better) {
  constexpr bool real = std::is_floating_point_v<T>;
  std::vector<int64_t> windows;
  for (int64_t unit = 4; unit <= 1024; unit *= 2)
    for (const int64_t w : {unit - 1, unit, unit + 1, unit + unit / 8 - 1, unit + unit / 8 + 1})
      windows.push_back(w);
  for (const int64_t w : windows)
    for (const int64_t results : {1, 16, 17, 127, 128, 129, 260, 14000}) {
      if (results == 14000 && w > 260) continue;
      const int64_t n = w + results - 1;
      std::vector<T> src(static_cast<size_t>(n)), want, dst(static_cast<size_t>(n));
      for (auto &x : src) x = static_cast<T>(next_random() % 100000) - static_cast<T>(50000);
      const bool has_nan = real && next_random() % 2 != 0;
      const auto at = static_cast<int64_t>(next_random() % static_cast<uint64_t>(n));
      std::vector<int64_t> best;  // places, of ever worse elements
      size_t first = 0;
      for (int64_t i = 0; i < n; ++i) {
        const auto x = src[static_cast<size_t>(i)];
        while (best.size() > first && !better(src[static_cast<size_t>(best.back())], x)) best.pop_back();
        best.push_back(i);
        if (best[first] + w <= i) ++first;
        if (i + 1 >= w) want.push_back(src[static_cast<size_t>(best[first])]);
      }
      if constexpr (real)
        if (has_nan) src[static_cast<size_t>(at)] = std::numeric_limits<T>::quiet_NaN();
      const bool in_place = next_random() % 2 != 0;
      T *const to = in_place ? src.data() : dst.data();
      ASSERT_EQ(sliding_sum(src.data(), to, n, w, op), status::ok);
      for (int64_t i = 0; i < results; ++i) {
        const T y = to[i];
        if (has_nan && i <= at && at < i + w)
          ASSERT_TRUE(y != y) << w << ' ' << n << ' ' << i;
        else
          ASSERT_TRUE(y == want[static_cast<size_t>(i)]) << w << ' ' << n << ' ' << i;
      }
    }
}
TEST(SlidingSum, ExtremesOfEveryWindow) {
  expect_extremes<float>(ops::max(), [](float a, float b) { return a > b; });
  expect_extremes<float>(ops::min(), [](float a, float b) { return a < b; });
  expect_extremes<double>(ops::max(), [](double a, double b) { return a > b; });
  expect_extremes<int32_t>(ops::min(), [](int32_t a, int32_t b) { return a < b; });
  expect_extremes<uint8_t>(ops::max(), [](uint8_t a, uint8_t b) { return a > b; });
}

#if defined(SWCONV_TEST_LINKED)

template <class T>
void expect_linked(swconv_dtype dtype) {
  using wrap = std::conditional_t<std::is_same_v<T, int32_t>, uint32_t, T>;
  const bool real = std::is_floating_point_v<T>;
  const swconv_operator last = real ? SWCONV_OP_MUL : SWCONV_OP_XOR;
  for (swconv_operator op = SWCONV_OP_ADD; op <= last; ++op) {
    const auto f = [op](T a, T b) -> T {
      switch (op) {
        case SWCONV_OP_ADD: return T(wrap(a) + wrap(b));
        case SWCONV_OP_MAX: return a > b ? a : b;
        case SWCONV_OP_MIN: return a < b ? a : b;
        case SWCONV_OP_MUL: return T(wrap(a) * wrap(b));
        default: break;
      }
      if constexpr (!std::is_floating_point_v<T>) {
        if (op == SWCONV_OP_AND) return T(a & b);
        return op == SWCONV_OP_OR ? T(a | b) : T(a ^ b);
      }
      return a;
    };
    for (auto l : layouts()) {
      if (real && op == SWCONV_OP_MUL) {  // few factors, so that products are exact in any order
        l.kh = std::min<int64_t>(l.kh, 2), l.before_h = 0;
        l.kw = std::min<int64_t>(l.kw, 5), l.before_w = 0;
      }
      expect_naive<T>(
          l, f,
          [&](const T *src, T *dst, int64_t stride, T fill) {
            swconv_sliding_params p;
            swconv_sliding_params_init(&p);
            p.op = op;
            p.dtype = dtype;
            p.edges = static_cast<swconv_edges>(l.e);
            p.size[0] = l.h, p.size[1] = l.w;
            p.window[0] = l.kh, p.window[1] = l.kw;
            p.before[0] = l.before_h, p.before[1] = l.before_w;
            p.src_stride = p.dst_stride = stride;
            p.fill = double(fill);
            size_t bytes = 0;
            const auto status = swconv_sliding_workspace(&p, l.in_place, &bytes, nullptr);
            if (status != SWCONV_OK) return status;
            static guarded_memory workspace;
            void *memory = workspace.take(bytes, 64, edge::back);
            const auto result = swconv_sliding_sum(&p, src, dst, memory, bytes, nullptr);
            return workspace.slack_is_intact() ? result : swconv_status(SWCONV_OVERLAP);
          },
          "C ABI, operator " + std::to_string(op) + ", dtype " + std::to_string(dtype));
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

/// The C ABI takes the instruction set of this file's flags; read once, so before its first use.
[[maybe_unused]] const int forced = setenv("SWCONV_FORCE_ISA", SWCONV_TEST_ISA_NAME, 1);

TEST(SlidingSum, ThroughTheCAbi) {
  expect_linked<float>(SWCONV_F32);
  expect_linked<double>(SWCONV_F64);
  expect_linked<int32_t>(SWCONV_I32);
  expect_linked<uint8_t>(SWCONV_U8);
}

TEST(SlidingSum, RefusesNonsense) {
  swconv_sliding_params good;
  swconv_sliding_params_init(&good);
  good.size[1] = 10;
  good.window[1] = 3;
  float src[10] = {}, dst[10] = {};
  const auto status = [&](swconv_sliding_params p) {
    return swconv_sliding_sum(&p, src, dst, nullptr, 0, nullptr);
  };
  EXPECT_EQ(status(good), SWCONV_OK);
  EXPECT_EQ(swconv_sliding_sum(&good, nullptr, dst, nullptr, 0, nullptr), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(swconv_sliding_sum(nullptr, src, dst, nullptr, 0, nullptr), SWCONV_INVALID_ARGUMENT);
  const auto with = [&](auto change) {
    auto p = good;
    change(p);
    return status(p);
  };
  EXPECT_EQ(with([](auto &p) { p.op = 7; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.op = SWCONV_OP_AND; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.dtype = SWCONV_F16; }), SWCONV_UNSUPPORTED);
  EXPECT_EQ(with([](auto &p) { p.dtype = 9; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.edges = 3; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.window[1] = 11; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.window[0] = 0; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.size[0] = 0; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.before[1] = 3; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.src_stride = 9; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.reserved[1] = 1; }), SWCONV_INVALID_ARGUMENT);
  EXPECT_EQ(with([](auto &p) { p.size[1] = INT64_MAX; }), SWCONV_SIZE_OVERFLOW);
  EXPECT_EQ(with([](auto &p) { p.dtype = SWCONV_U8, p.fill = 256; }), SWCONV_INVALID_ARGUMENT);
  alignas(64) unsigned char memory[64];
  EXPECT_EQ(swconv_sliding_sum(&good, src, dst, memory, 64, nullptr), SWCONV_WORKSPACE_TOO_SMALL);
  EXPECT_EQ(swconv_sliding_sum(&good, src, dst, memory + 4, 64, nullptr), SWCONV_INVALID_ARGUMENT);
}

#endif

/// A NaN or an infinity taints the windows that hold it and no other: nothing is ever subtracted.
TEST(SlidingSum, TaintsExactlyItsWindows) {
  constexpr int64_t n = 500;
  for (const int64_t w : {1, 2, 7, 31, 64, 100, 129, 200})
    for (const int64_t at : {0, 3, 250, 499})
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        std::vector<float> src(n, 1.0f), sum(n), most(n);
        src[size_t(at)] = bad;
        sliding_sum(src.data(), sum.data(), n, w, ops::add());
        sliding_sum(src.data(), most.data(), n, w, ops::max());
        for (int64_t i = 0; i + w <= n; ++i) {
          const bool tainted = i <= at && at < i + w;
          ASSERT_EQ(std::isfinite(sum[size_t(i)]), !tainted) << w << ' ' << i;
          ASSERT_EQ(most[size_t(i)] == 1.0f, !tainted) << w << ' ' << i;
        }
      }
}

/// Windows of 10^6 elements stay within the bound of docs/numerics.md.
TEST(SlidingSum, MillionsLoseNoDigits) {
  constexpr int64_t n = 1000300, w = 1000000;
  std::vector<float> src(n), dst(n);
  for (auto &v : src) v = static_cast<float>(next_random() >> 40) / 16777216.0f;
  ASSERT_EQ(sliding_sum(src.data(), dst.data(), n, w, ops::add()), status::ok);
  double exact = 0;
  for (int64_t i = 0; i < w; ++i) exact += src[size_t(i)];
  for (int64_t i = 0; i + w <= n; ++i) {
    // A chain of w / 64 runs at most, and a few steps within a run.
    const double roundings = w / 64 + 20, u = std::ldexp(1.0, -24);
    ASSERT_LE(std::fabs(dst[size_t(i)] - exact), roundings * u / (1 - roundings * u) * exact) << i;
    if (i + w < n) exact += double(src[size_t(i + w)]) - src[size_t(i)];
  }
}

}  // namespace
