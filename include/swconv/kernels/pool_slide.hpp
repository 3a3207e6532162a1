// SPDX-License-Identifier: MIT
/// @file pool_slide.hpp
/// Pooling at a cost that hardly depends on the window: the rows of a window are joined into one row
/// in the workspace, then windows slide along it (sliding.hpp). Undilated windows only.
///
/// Few rows, or hardly overlapping ones, are joined from the top. Many overlapping ones are shared:
/// counted from the first padded row, a block is as many rows as the window, and a window is the
/// suffix of one block and a prefix of the next.
#pragma once

#include "pool.hpp"
#include "sliding.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pooling {

/// Whether the rows of windows are shared. Decides the tree of additions, so it must not depend on
/// the instruction set or on how the work is cut.
inline bool shares_rows(const problem &p) { return p.h.taps > 4 && p.h.taps > 3 * p.h.stride; }

/// Blocks of columns begin at multiples of this, and so do all parts of the workspace.
constexpr int64_t columns_unit = 64;

/// Layers served here. Each layer is served by one algorithm only, so its tree of additions is known.
/// Not here: dilation; strides that leave out most of the input; windows mostly of padding.
inline bool can_slide(const problem &p) {
  return p.h.dilation == 1 && p.w.dilation == 1 && p.w.stride <= p.w.taps + 4 &&
         p.w.taps <= 2 * p.w.in + sliding::run;
}
inline bool cannot_slide(const problem &p) { return !can_slide(p); }

/// The parts of a worker's workspace, in elements.
template <class V>
struct slide_parts {
  int64_t width;   ///< of the longest row of inputs
  int64_t outputs; ///< of the longest row of results
  int64_t suffixes;
  static constexpr int64_t unit = columns_unit;

  explicit slide_parts(const problem &p) {
    outputs = axis::least(p.w.out, columns_at_once(p));
    width = sliding::round_up((outputs - 1) * p.w.stride + p.w.taps + sliding::slack<V>, unit);
    suffixes = shares_rows(p) ? axis::least(p.h.taps, p.h.in) : 0;
    outputs = sliding::round_up(outputs, unit);
  }
  /// Columns of results that are done at once: a multiple of `unit`. Wide rows are cut, so that
  /// they stay in the cache.
  static int64_t columns_at_once(const problem &p) {
    const int64_t wanted = (4096 + p.w.taps) / p.w.stride;
    return sliding::round_up(wanted < 1 ? 1 : wanted, unit);
  }
  int64_t between() const { return width; }  // results before the stride takes some
  int64_t elements(const problem &p) const {
    return width * (suffixes + 2) + (p.w.stride > 1 ? between() : 0) + outputs +
           sliding::round_up(sliding::scratch_elements<V>(p.w.taps), unit);
  }
};

/// Bytes of workspace per worker.
inline int64_t slide_workspace(const problem &p) {
  using V = simd::isa::full;
  return slide_parts<V>(p).elements(p) * static_cast<int64_t>(sizeof(V::element));
}

/// Rows of src, joined column by column over the windows of one output row after another.
template <class V, class Op>
class joined_rows {
 public:
  using T = typename V::element;
  joined_rows(const problem &p, const T *src, T *suffixes, T *prefix, int64_t pitch, int64_t n)
      : h_(p.h), src_(src), step_(p.src.h), suffixes_(suffixes), prefix_(prefix), pitch_(pitch),
        n_(n), shares_(shares_rows(p)) {}

  /// Output row o, to n elements of dst.
  void join(int64_t o, T *dst) {
    const int64_t top = o * h_.stride;  // counted from the first padded row
    if (!shares_) {
      fold(row_after(top), row_after(top + h_.taps), dst);
      return;
    }
    const int64_t b = top / h_.taps, middle = (b + 1) * h_.taps;
    if (b != block_) {
      block_ = b;
      first_ = row_after(top);
      last_ = row_after(middle);
      make_suffixes();
      next_ = last_;
    }
    add(row_after(top) < last_ ? suffixes_ + (row_after(top) - first_) * pitch_ : nullptr,
        row_after(top + h_.taps), dst);
  }

 private:
  /// The first row of src at or after padded row `at`.
  int64_t row_after(int64_t at) const {
    const int64_t y = at - h_.pad;
    return y < 0 ? 0 : y > h_.in ? h_.in : y;
  }
  /// Calls f(i, load, store) for all vectors of a row; the last may be partial.
  template <class F>
  SWCONV_ALWAYS_INLINE void each_vector(F &&f) const {
    int64_t i = 0;
    for (; i + V::size <= n_; i += V::size)
      f(i, [](const T *a) SWCONV_INLINE_LAMBDA { return V::load(a); },
        [](V v, T *a) SWCONV_INLINE_LAMBDA { v.store(a); });
    const int64_t left = n_ - i;
    if (left > 0)
      f(i, [left](const T *a) SWCONV_INLINE_LAMBDA { return V::load_first(a, left); },
        [left](V v, T *a) SWCONV_INLINE_LAMBDA { v.store_first(a, left); });
  }
  SWCONV_NOINLINE void fold(int64_t from, int64_t to, T *dst) const {
    int64_t i = 0;
    constexpr int X = 4;
    const T *const top = src_ + from * step_;
    if (from < to)
      for (; i + X * V::size <= n_; i += X * V::size) {
        V s[X];
        const T *a = top + i;
        SWCONV_UNROLL
        for (int x = 0; x < X; ++x) s[x] = Op::lift(V::load(a + x * V::size));
        for (int64_t y = from + 1; y < to; ++y) {
          a += step_;
          SWCONV_UNROLL
          for (int x = 0; x < X; ++x) s[x] = Op::join(s[x], Op::lift(V::load(a + x * V::size)));
        }
        SWCONV_UNROLL
        for (int x = 0; x < X; ++x) s[x].store(dst + i + x * V::size);
      }
    for (; i < n_; i += V::size) {
      const int64_t left = n_ - i;
      V s = Op::template identity<V>();
      if (left >= V::size) {
        for (int64_t y = from; y < to; ++y)
          s = Op::join(s, Op::lift(V::load(src_ + y * step_ + i)));
        s.store(dst + i);
      } else {
        for (int64_t y = from; y < to; ++y)
          s = Op::join(s, Op::lift(V::load_first(src_ + y * step_ + i, left)));
        s.store_first(dst + i, left);
      }
    }
  }
  SWCONV_NOINLINE void make_suffixes() const {
    if (first_ >= last_) return;
    each_vector([&](int64_t i, auto load, auto store) SWCONV_INLINE_LAMBDA {
      V s = Op::lift(load(src_ + (last_ - 1) * step_ + i));
      store(s, suffixes_ + (last_ - 1 - first_) * pitch_ + i);
      for (int64_t y = last_ - 2; y >= first_; --y) {
        s = Op::join(Op::lift(load(src_ + y * step_ + i)), s);
        store(s, suffixes_ + (y - first_) * pitch_ + i);
      }
    });
  }
  /// Takes rows up to `to` into the prefix, then dst = suffix ⊕ prefix.
  SWCONV_NOINLINE void add(const T *suffix, int64_t to, T *dst) {
    const int64_t from = next_, block = last_;
    if (to > next_) next_ = to;
    each_vector([&](int64_t i, auto load, auto store) SWCONV_INLINE_LAMBDA {
      V s = from > block ? load(prefix_ + i) : Op::template identity<V>();
      for (int64_t y = from; y < to; ++y) {
        const V x = Op::lift(load(src_ + y * step_ + i));
        s = y == block ? x : Op::join(s, x);
      }
      if (to > from) store(s, prefix_ + i);
      if (suffix != nullptr) s = to > block ? Op::join(load(suffix + i), s) : load(suffix + i);
      store(s, dst + i);
    });
  }

  const axis &h_;
  const T *src_;
  int64_t step_;
  T *suffixes_, *prefix_;
  int64_t pitch_, n_;
  bool shares_;
  int64_t block_ = -1, first_ = 0, last_ = 0, next_ = 0;
};

/// An operator for sliding::row.
template <class Op>
struct joins {
  static constexpr bool idempotent = !Op::counts;
  template <class V>
  SWCONV_ALWAYS_INLINE V operator()(V a, V b) const {
    return Op::join(a, b);
  }
};

template <class Op>
void run_slide(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  using T = typename V::element;
  const slide_parts<V> parts(p);
  T *const line = static_cast<T *>(ptr.workspace);  // the joined row, padding included
  T *const prefix = line + parts.width;
  T *const suffixes = prefix + parts.width;
  T *const counts = suffixes + parts.suffixes * parts.width;
  T *const scratch = counts + parts.outputs;
  T *const between = scratch + sliding::round_up(sliding::scratch_elements<V>(p.w.taps), parts.unit);
  const T *const src = ptr.src + b.n * p.src.n + b.g * p.src.c;
  T *const dst = ptr.dst + b.n * p.dst.n + b.g * p.dst.c;
  const int64_t stride = p.w.stride, at_once = slide_parts<V>::columns_at_once(p);

  for (int64_t w = b.w0; w < b.w1; w += at_once) {
    const int64_t outputs = axis::least(at_once, b.w1 - w);
    const int64_t n = (outputs - 1) * stride + 1, at = w * stride;
    const int64_t length = n - 1 + p.w.taps + sliding::slack<V>;
    // Columns [lo, hi) of the line lie inside src; the others join nothing.
    const auto clamp = [&](int64_t x) { return x < 0 ? 0 : x > length ? length : x; };
    const int64_t lo = clamp(p.w.pad - at);
    int64_t hi = clamp(p.w.pad + p.w.in - at);
    hi = axis::least(hi, n - 1 + p.w.taps);
    const int64_t inside = hi > lo ? hi - lo : 0;
    for (int64_t i = 0; i < length; i += V::size)
      if (i < lo || i + V::size > hi) Op::template identity<V>().store(line + i);
    if constexpr (Op::counts)
      for (int64_t i = 0; i < outputs; i += V::size) {
        V::set1(static_cast<T>(p.w.taps)).store(counts + i);
        if (p.w.inside(w + i, V::size)) continue;
        for (int64_t o = i; o < i + V::size; ++o)
          counts[o] = static_cast<T>(counted_taps(p.w, w + o, p.count_include_pad, p.pad_end_w));
      }

    joined_rows<V, Op> rows(p, src + (at + lo - p.w.pad), suffixes, prefix, parts.width, inside);
    for (int64_t h = b.h0; h < b.h1; ++h) {
      if (inside > 0) rows.join(h, line + lo);
      T *const out = dst + h * p.dst.h + w;
      V taps_h = V::zero();
      if constexpr (Op::counts)
        taps_h = V::set1(static_cast<T>(counted_taps(p.h, h, p.count_include_pad, p.pad_end_h)));
      const auto finish = [&](int64_t i, V y) SWCONV_INLINE_LAMBDA {
        if constexpr (Op::counts) y = V::div(y, V::mul(V::load(counts + i), taps_h));
        if (i + V::size <= outputs)
          y.store(out + i);
        else
          y.store_first(out + i, outputs - i);
      };
      if (stride == 1) {
        sliding::row<V>(joins<Op>{}, line, scratch, at, p.w.taps, n, finish);
        continue;
      }
      sliding::row<V>(joins<Op>{}, line, scratch, at, p.w.taps, n,
                      [&](int64_t i, V y) SWCONV_INLINE_LAMBDA { y.store(between + i); });
      for (int64_t i = 0; i < outputs; i += V::size) {
        const T *const from = between + i * stride;
        const int64_t left = axis::least(outputs - i, V::size);
        if (stride == 2)
          finish(i, V::even(V::load(from), V::load(from + V::size)));
        else
          finish(i, columns<V, any_stride>::gather(from, stride, V::lanes(0, left), 0, left));
      }
    }
  }
}

}  // namespace pooling
SWCONV_END_NAMESPACE
