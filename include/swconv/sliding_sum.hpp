// SPDX-License-Identifier: MIT
/// @file sliding_sum.hpp
/// Sliding sums of any associative operator, header-only:
///
///     dst[i] = src[i] ⊕ src[i+1] ⊕ … ⊕ src[i+w-1]
///
/// over a row, over the rows of a plane, and with two-dimensional windows, at a cost that hardly
/// depends on the window. ⊕ is one of add, max, min, mul, bit_and, bit_or, bit_xor on f32, f64, i32
/// or u8, done in vectors; or a functor of yours on any trivially copyable type, which has to be
/// associative, but neither commutative nor invertible.
///
///     #include <swconv/sliding_sum.hpp>
///     swconv::sliding_sum(prices, highest, n, 20, swconv::ops::max());
///     swconv::sliding_sum(pairs, recurrences, n, 64, [](pair a, pair b) { return …; });
///
/// How results are put together is described in docs/sliding-sums.md: it is the same on every
/// instruction set.
#pragma once

#include <stdlib.h>

#include <type_traits>

#include "kernels/sliding_plane.hpp"
#include "types.hpp"

SWCONV_BEGIN_NAMESPACE

/// The operators of sliding_sum. Integers wrap. A NaN in the window makes max and min NaN.
namespace ops {
/// a + b
struct add : sliding::elementwise<SWCONV_OP_ADD> {};
/// a · b
struct mul : sliding::elementwise<SWCONV_OP_MUL> {};
/// The larger of a and b.
struct max : sliding::elementwise<SWCONV_OP_MAX> {};
/// The smaller of a and b.
struct min : sliding::elementwise<SWCONV_OP_MIN> {};
/// The bits set in a and b; of integers only.
struct bit_and : sliding::elementwise<SWCONV_OP_AND> {};
/// The bits set in a or b; of integers only.
struct bit_or : sliding::elementwise<SWCONV_OP_OR> {};
/// The bits set in one of a and b; of integers only.
struct bit_xor : sliding::elementwise<SWCONV_OP_XOR> {};
}  // namespace ops

/// Windows that reach beyond the data; the values of swconv_edges.
enum class edges : uint32_t {
  valid = SWCONV_EDGES_VALID,         ///< are left out: n - w + 1 results
  fill = SWCONV_EDGES_FILL,           ///< meet a given value there: n results
  truncated = SWCONV_EDGES_TRUNCATED  ///< end there: n results
};

/// What may be varied. `before` elements of a window lie before the element of its result: 0 looks
/// ahead, w - 1 looks back. It counts for `fill` and `truncated`.
template <class T>
struct sliding_options {
  swconv::edges edges = swconv::edges::valid;  ///< of windows that reach beyond the data
  int64_t before = 0;    ///< along the row
  int64_t before_h = 0;  ///< along the column
  T fill = T();          ///< for edges::fill
};

namespace detail {

template <class Op>
struct is_elementwise {
  template <swconv_operator O>
  static std::true_type test(const sliding::elementwise<O> *);
  static std::true_type test(const sliding::any_operator *);
  static std::false_type test(...);
  static constexpr bool value = decltype(test(static_cast<const Op *>(nullptr)))::value;
};

/// Extents and windows to axes; false if they make no sense.
inline bool sliding_axis(sliding::plane_axis &a, int64_t in, int64_t w, int64_t before,
                         edges e) {
  const int64_t far = INT64_MAX / 8;
  if (in < 1 || in > far || w < 1 || w > far || before < 0 || before >= w) return false;
  if (e == edges::valid) {
    if (w > in) return false;
    a = {in, in - w + 1, w, 0};
    return true;
  }
  if (e == edges::truncated) {
    // What lies beyond the whole length changes nothing.
    const int64_t after = axis::least(w - 1 - before, in - 1);
    before = axis::least(before, in - 1);
    w = before + 1 + after;
  }
  a = {in, in, w, before};
  return true;
}

template <class T, class Op>
status sliding_sum(const T *src, int64_t src_stride, T *dst, int64_t dst_stride, int64_t h,
                   int64_t w, int64_t window_h, int64_t window_w, const Op &op,
                   const sliding_options<T> &o, void *workspace, size_t *workspace_bytes) {
  static_assert(std::is_trivially_copyable_v<T>, "elements are copied as memory");
  sliding::plane<T> p;
  if (src == nullptr || dst == nullptr) return status::invalid_argument;
  if (o.edges > edges::truncated) return status::invalid_argument;
  if (!sliding_axis(p.h, h, window_h, o.before_h, o.edges) ||
      !sliding_axis(p.w, w, window_w, o.before, o.edges))
    return status::invalid_argument;
  if (src_stride < w || dst_stride < p.w.out || (src == dst && src_stride != dst_stride))
    return status::invalid_argument;
  p.edges = o.edges == edges::valid    ? sliding::outside::none
            : o.edges == edges::fill ? sliding::outside::filled
                                     : sliding::outside::truncated;
  p.fill = o.fill;
  p.src = src;
  p.dst = dst;
  p.src_step = src_stride;
  p.dst_step = dst_stride;

  const auto go = [&](auto vector, const auto &joins) {
    using V = decltype(vector);
    const auto bytes = static_cast<size_t>(sliding::plane_parts<V>(p).elements()) * sizeof(T);
    if (workspace_bytes != nullptr && workspace == nullptr) {
      *workspace_bytes = bytes;
      return status::ok;
    }
    if (workspace_bytes != nullptr) {
      if (*workspace_bytes < bytes) return status::workspace_too_small;
      sliding::run_plane<V>(joins, p, static_cast<T *>(workspace));
      return status::ok;
    }
    void *const memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    if (memory == nullptr) return status::out_of_memory;
    sliding::run_plane<V>(joins, p, static_cast<T *>(memory));
    free(memory);
    return status::ok;
  };
  if constexpr (is_elementwise<Op>::value)
    return go(simd::wide<T>{}, op);
  else
    return go(simd::single<T>{}, sliding::of_elements<Op>{op});
}

}  // namespace detail

/// dst[i] = src[i - before] ⊕ … over n elements; n - w + 1 results, or n (see edges). dst may be
/// src. Takes its scratch from malloc; `invalid_argument`, `out_of_memory` or `ok`.
template <class T, class Op>
status sliding_sum(const T *src, T *dst, int64_t n, int64_t w, const Op &op,
                   const sliding_options<T> &options = {}) {
  return detail::sliding_sum(src, n, dst, n, 1, n, 1, w, op, options, nullptr, nullptr);
}

/// Windows of window_h × window_w elements over h rows of w elements, whose rows are src_stride
/// and dst_stride elements apart; window_h = 1 slides along each row by itself. Rows are joined
/// first: a non-commutative operator sees columns from top to bottom, then their results from left
/// to right. dst may be src, with the same stride.
template <class T, class Op>
status sliding_sum_2d(const T *src, int64_t src_stride, T *dst, int64_t dst_stride, int64_t h,
                      int64_t w, int64_t window_h, int64_t window_w, const Op &op,
                      const sliding_options<T> &options = {}) {
  return detail::sliding_sum(src, src_stride, dst, dst_stride, h, w, window_h, window_w, op,
                             options, nullptr, nullptr);
}

SWCONV_END_NAMESPACE
