// SPDX-License-Identifier: MIT
/// @file sliding_plane.hpp
/// Sliding sums over a plane of any element type: what sliding_sum() does, on a workspace.
#pragma once

#include <string.h>

#include "../simd/wide.hpp"
#include "sliding.hpp"
#include "sliding_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace sliding {

/// Bounds of T; infinite where it has infinities.
template <class T>
constexpr T least_of() {
  if constexpr (std::is_floating_point_v<T>)
    return -static_cast<T>(__builtin_inff());
  else
    return std::is_signed_v<T> ? static_cast<T>(uint64_t{1} << (sizeof(T) * 8 - 1)) : T(0);
}
template <class T>
constexpr T greatest_of() {
  if constexpr (std::is_floating_point_v<T>)
    return static_cast<T>(__builtin_inff());
  else
    return static_cast<T>(~least_of<T>());
}

/// The operators of the C ABI: what joins nothing, and the operation on vectors. Bits are joined of
/// integers only.
template <class T>
constexpr T identity_of(swconv_operator which) {
  switch (which) {
    case SWCONV_OP_MAX: return least_of<T>();
    case SWCONV_OP_MIN: return greatest_of<T>();
    case SWCONV_OP_MUL: return T(1);
    case SWCONV_OP_AND: return static_cast<T>(-1);
    default: return T(0);
  }
}
template <class V>
SWCONV_ALWAYS_INLINE V combine(swconv_operator which, V a, V b) {
  if (which == SWCONV_OP_MUL) return V::mul(a, b);
  if (which == SWCONV_OP_MAX) return V::max(a, b);
  if (which == SWCONV_OP_MIN) return V::min(a, b);
  if constexpr (!std::is_floating_point_v<typename V::element>) {
    if (which == SWCONV_OP_AND) return V::bit_and(a, b);
    if (which == SWCONV_OP_OR) return V::bit_or(a, b);
    if (which == SWCONV_OP_XOR) return V::bit_xor(a, b);
  }
  return V::add(a, b);
}

/// One of them as the functions of this directory want it.
template <swconv_operator Which>
struct elementwise {
  static constexpr bool compact = true, has_identity = true, is_known = true;
  static constexpr bool joins_bits =
      Which == SWCONV_OP_AND || Which == SWCONV_OP_OR || Which == SWCONV_OP_XOR;
  static constexpr bool idempotent = Which == SWCONV_OP_MAX || Which == SWCONV_OP_MIN ||
                                     Which == SWCONV_OP_AND || Which == SWCONV_OP_OR;

  template <class T>
  static constexpr T identity() {
    return identity_of<T>(Which);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V operator()(V a, V b) const {
    static_assert(!joins_bits || !std::is_floating_point_v<typename V::element>,
                  "bits are joined of integers only");
    return combine(Which, a, b);
  }
  static constexpr bool has_quick = idempotent;
  /// The same of operands without a NaN.
  template <class V>
  SWCONV_ALWAYS_INLINE V quick(V a, V b) const {
    if constexpr (Which == SWCONV_OP_MAX) return V::greater(a, b);
    if constexpr (Which == SWCONV_OP_MIN) return V::lesser(a, b);
    return combine(Which, a, b);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lift(V x) const {
    return x;
  }
};

/// One chosen at run time, for the C ABI: one copy of the code per element type instead of one per
/// operator.
struct any_operator {
  static constexpr bool idempotent = false, compact = true, has_identity = true, is_known = false;
  swconv_operator which;

  template <class T>
  T identity() const {
    return identity_of<T>(which);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V operator()(V a, V b) const {
    // Hidden, or the compiler would make a copy of every loop for every operator after all.
    swconv_operator o = which;
    __asm__("" : "+r"(o));
    return o == SWCONV_OP_MUL ? product(a, b) : combine(o, a, b);
  }
  /// Out of line: long for integers on some instruction sets.
  template <class V>
  static SWCONV_NOINLINE V product(V a, V b) {
    return V::mul(a, b);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lift(V x) const {
    return x;
  }
};

/// A functor of the user's over two elements. No identity is known.
template <class F>
struct of_elements {
  static constexpr bool idempotent = false, compact = true, has_identity = false;
  const F &f;

  template <class T>
  SWCONV_ALWAYS_INLINE simd::single<T> operator()(const simd::single<T> &a,
                                                  const simd::single<T> &b) const {
    return {f(a.x, b.x)};
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V lift(V x) const {
    return x;
  }
};

/// One axis of a sliding sum: windows of `taps` elements, of which `before` lie before the element
/// that they belong to. `out` windows; with padding those that reach outside as well.
struct plane_axis {
  int64_t in, out, taps, before;
};

/// How the elements outside are met.
enum class outside { none, filled, truncated };

template <class T>
struct plane {
  plane_axis h, w;
  outside edges;
  T fill;  ///< for `filled`
  const T *src;
  T *dst;
  int64_t src_step, dst_step;  ///< from row to row
};

/// The parts of the workspace, in elements.
template <class V>
struct plane_parts {
  int64_t line, rows, filled_rows, scratch;
  /// Results of a single row that are taken from src itself: far from its end it is as good as a copy.
  int64_t direct = 0;

  template <class T>
  explicit plane_parts(const plane<T> &p) {
    const auto unit = [](int64_t n) { return round_up(n, run); };
    if (p.h.taps == 1 && p.edges == outside::none && p.src != p.dst) {
      direct = (p.w.out - 1 - slack<V>) / run * run;
      if (direct < 4 * chunk<V>) direct = 0;
    }
    line = unit(p.w.out - direct - 1 + p.w.taps + slack<V>);
    const bool shares = shares_rows(p.h.taps, 1);
    const int64_t rows_in = p.edges == outside::filled ? p.h.out + p.h.taps : p.h.in;
    rows = 1 + (shares ? 1 + axis::least(p.h.taps, rows_in) : 0);
    // A plane that is overwritten while later windows need it, or that rows of padding surround.
    const bool copies = p.h.taps > 1 && (p.edges == outside::filled ||
                                         (p.src == p.dst && p.h.before > 0));
    filled_rows = copies ? p.h.out + p.h.taps - 1 : 0;
    scratch = unit(scratch_elements<V>(p.w.taps, p.w.out));
  }
  int64_t elements() const { return line * (rows + filled_rows) + scratch; }
};

/// Windows that begin before x[0] or end behind x[n-1], without an identity: chains of what there
/// is. The others are done already.
template <class T, class Op>
void truncated_ends(Op op, const T *x, const plane_axis &a, T *dst) {
  using S = simd::single<T>;
  const int64_t after = a.taps - 1 - a.before;
  S s = S::load(x);
  int64_t end = 1;  // of what s holds
  for (int64_t i = 0; i < a.out && (i < a.before); ++i) {
    for (; end < a.in && end <= i + after; ++end) s = op(s, S::load(x + end));
    s.store(dst + i);
  }
  s = S::load(x + a.in - 1);
  int64_t begin = a.in - 1;
  for (int64_t i = a.out - 1; i >= a.before && i + after >= a.in; --i) {
    for (; begin > i - a.before; --begin) s = op(S::load(x + begin - 1), s);
    s.store(dst + i);
  }
}

/// Fills dst. src == dst is fine, with the same step.
template <class V, class T, class Op>
void run_plane(Op op, const plane<T> &given, T *workspace) {
  plane<T> p = given;
  const plane_parts<V> parts(p);
  T *const line = workspace, *const prefix = line + parts.line;
  T *const suffixes = prefix + (parts.rows > 1 ? parts.line : 0);
  T *const copied = workspace + parts.rows * parts.line;
  T *const scratch = copied + parts.filled_rows * parts.line;
  axis h{p.h.in, p.h.out, p.h.taps, 1, 1, p.edges == outside::none ? 0 : p.h.before};

  if (parts.filled_rows > 0) {
    const int64_t lead = p.edges == outside::filled ? p.h.before : 0;
    const int64_t rows = p.edges == outside::filled ? parts.filled_rows : p.h.in;
    for (int64_t y = 0; y < rows; ++y) {
      T *const to = copied + y * parts.line;
      if (y >= lead && y - lead < p.h.in)
        memcpy(to, p.src + (y - lead) * p.src_step, static_cast<size_t>(p.w.in) * sizeof(T));
      else
        for (int64_t i = 0; i < p.w.in; ++i) to[i] = p.fill;
    }
    p.src = copied;
    p.src_step = parts.line;
    h.in = rows;
    if (p.edges == outside::filled) h.pad = 0;
  }

  // Elements of the line before and behind those of src, and where the results of the line begin.
  const bool pads = p.edges != outside::none;
  const bool chains = p.edges == outside::truncated && !Op::has_identity;
  const int64_t lead = pads && !chains ? p.w.before : 0;
  const int64_t first = chains ? axis::least(p.w.before, p.w.out) : 0;
  int64_t n = p.w.out;
  if (chains) {
    n = p.w.in - p.w.taps + 1;  // whole windows
    if (n < 0) n = 0;
  }
  T outside_value = p.fill;
  if (p.edges != outside::filled) {
    if constexpr (Op::has_identity)
      outside_value = op.template identity<T>();
    else
      outside_value = p.src[0];  // any element that exists
  }
  if (p.edges == outside::filled) {  // columns outside are of as many elements as the others
    T some[V::size];
    for (T &x : some) x = outside_value;
    const V one = V::load(some);
    V column = one;
    for (int64_t y = 1; y < p.h.taps; ++y) column = op(column, one);
    column.store(some);
    outside_value = some[0];
  }
  const int64_t direct = parts.direct;
  for (int64_t i = 0; i < lead; ++i) line[i] = outside_value;
  for (int64_t i = lead + p.w.in - direct; i < parts.line; ++i) line[i] = outside_value;

  const bool one_row = p.h.taps == 1;
  joined_rows<V, Op> rows(op, h, !one_row && shares_rows(h.taps, 1), p.src, p.src_step, suffixes,
                          prefix, parts.line, p.w.in);
  for (int64_t y = 0; y < p.h.out; ++y) {
    const T *x = line;
    T *const out = p.dst + y * p.dst_step;
    const auto slide = [&](const T *from, int64_t begin, int64_t end) {
      row<V, store_some>(op, from, scratch, begin, p.w.taps, end - begin, out + first + begin);
    };
    if (direct > 0) {
      const T *const from = p.src + y * p.src_step;
      slide(from, 0, direct);
      memcpy(line, from + direct, static_cast<size_t>(p.w.in - direct) * sizeof(T));
    } else {
      rows.join(y, line + lead);
    }
    if (n > direct) slide(x, direct, n);
    if constexpr (!Op::has_identity)
      if (chains) truncated_ends(op, x, p.w, out);
  }
}

}  // namespace sliding
SWCONV_END_NAMESPACE
