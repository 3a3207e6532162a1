// SPDX-License-Identifier: MIT
/// @file pool_slide.hpp
/// Pooling at a cost that hardly depends on the window: the rows of a window are joined into one row
/// in the workspace (sliding_rows.hpp), then windows slide along it (sliding.hpp). With dilation d,
/// every d-th row, or column, makes a plane of its own.
#pragma once

#include <type_traits>

#include "columns.hpp"
#include "pool.hpp"
#include "sliding.hpp"
#include "sliding_rows.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pooling {

/// Whether the rows of windows are shared, and whether windows slide along the joined row; else
/// each is joined by itself: strides that leave out most of the input, windows mostly of padding.
/// They decide the tree of additions, so they depend on the layer alone, not on the instruction set
/// or on how the work is cut.
inline bool shares_rows(const problem &p) {
  return sliding::shares_rows(p.h.taps, p.row_ratio);
}
inline bool slides(const axis &w) {
  return w.stride / 8 <= w.taps && (w.taps - 1) * w.dilation <= 2 * w.in + sliding::run;
}

/// Blocks of columns begin at multiples of this, so that all count runs and blocks of runs alike.
inline int64_t columns_unit(const axis &w) {
  return slides(w) ? sliding::run * w.dilation : sliding::run;
}
/// Columns of results done at once: wide rows are cut, so that they stay in the cache.
inline int64_t columns_at_once(const axis &w) {
  if (!slides(w)) return w.out > 0 ? w.out : 1;
  const int64_t wanted = (4096 + (w.taps - 1) * w.dilation) / w.stride;
  return sliding::round_up(wanted + 1, columns_unit(w));
}
/// The greatest common divisor.
inline int64_t common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

/// The parts of a worker's workspace, in elements.
template <class V>
struct slide_parts {
  int64_t line;      ///< the joined row, with its padding
  int64_t suffixes;  ///< as many rows as that
  int64_t results;
  int64_t classes;  ///< a row of every d-th element, and its results
  int64_t scratch;

  explicit slide_parts(const problem &p) {
    const axis &w = p.w;
    const auto unit = [](int64_t n) { return sliding::round_up(n, sliding::run); };
    const int64_t outputs = axis::least(w.out, columns_at_once(w));
    const bool sliding_row = slides(w);
    line = sliding_row ? (outputs - 1) * w.stride + (w.taps - 1) * w.dilation + 1 : w.in;
    line = unit(line + sliding::slack<V>);
    suffixes = shares_rows(p) ? axis::least(p.h.taps, p.h.in) : 0;
    results = unit(outputs + V::size);
    classes = !sliding_row       ? 0
              : w.dilation > 1 ? 2 * unit(line / w.dilation + 1 + sliding::slack<V>)
              : w.stride > 1   ? line
                               : 0;
    scratch = sliding_row ? unit(sliding::scratch_elements<V>(w.taps, line)) : 0;
  }
  int64_t elements() const { return line * (suffixes + 2) + 2 * results + classes + scratch; }
};

/// Bytes of workspace per worker; negative if they do not fit.
inline int64_t slide_workspace(const problem &p) {
  using V = simd::isa::full;
  const slide_parts<V> parts(p);
  int64_t rows = 0;
  constexpr int64_t far = INT64_MAX / 64;
  if (__builtin_mul_overflow(parts.line, parts.suffixes + 2, &rows) || rows > far) return -1;
  return parts.elements() * static_cast<int64_t>(sizeof(V::element));
}

/// An operator as sliding.hpp wants it.
template <class Op>
struct joins : Op {
  template <class V>
  SWCONV_ALWAYS_INLINE V operator()(V a, V b) const {
    return this->join(a, b);
  }
};

/// One block of one plane of dst.
template <class V, class Op>
class slide_plane {
 public:
  using T = typename V::element;

  slide_plane(Op op, const problem &p, const T *src, T *dst, void *workspace, const block &b)
      : op_{op}, p_(p), b_(b), parts_(p), src_(src), dst_(dst) {
    line_ = static_cast<T *>(workspace);
    prefix_ = line_ + parts_.line;
    suffixes_ = prefix_ + parts_.line;
    counts_ = suffixes_ + parts_.suffixes * parts_.line;
    results_ = counts_ + parts_.results;
    classes_ = results_ + parts_.results;
    scratch_ = classes_ + parts_.classes;
  }

  void run() {
    const int64_t step = columns_at_once(p_.w);
    for (int64_t w = b_.w0; w < b_.w1; w += step) columns(w, axis::least(step, b_.w1 - w));
  }

 private:
  SWCONV_ALWAYS_INLINE V identity() const { return op_.template identity<V>(); }

  /// Columns w … w+n-1 of all rows.
  SWCONV_NOINLINE void columns(int64_t w, int64_t n) {
    const axis &a = p_.w;
    w_ = w;
    n_ = n;
    // Element i of the line is column i + at of the padded row; [lo, hi) of them lie inside src.
    const bool slides_here = slides(a);
    const int64_t at = slides_here ? w * a.stride : a.pad;
    const int64_t length = slides_here ? (n - 1) * a.stride + (a.taps - 1) * a.dilation + 1 : a.in;
    const auto clamp = [=](int64_t x) { return x < 0 ? 0 : axis::least(x, length); };
    const int64_t lo = clamp(a.pad - at), hi = clamp(a.pad + a.in - at);
    const int64_t whole = length + sliding::slack<V>;
    for (int64_t i = 0; i < whole; i += V::size)
      if (i < lo || i + V::size > hi) identity().store(line_ + i);
    if constexpr (Op::counts) count_taps();

    // Rows that are `dilation` apart, from each of the first on.
    const axis &h = p_.h;
    const int64_t last = axis::least(b_.h0 + p_.row_step, b_.h1);
    for (int64_t first = b_.h0; first < last; ++first) {
      const int64_t d = h.dilation, c = first * h.stride % d;
      const int64_t pad = c >= h.pad ? 0 : (h.pad - c + d - 1) / d;
      const int64_t y = c + pad * d - h.pad;  // the first of them inside src
      const int64_t rows = y < h.in ? (h.in - y + d - 1) / d : 0;
      const axis mine{rows, h.out, h.taps, p_.row_ratio, 1, pad};
      sliding::joined_rows<V, joins<Op>> joined(op_, mine, shares_rows(p_),
                                                src_ + y * p_.src.h + (at + lo - a.pad),
                                                p_.src.h * d, suffixes_, prefix_, parts_.line,
                                                hi - lo);
      for (int64_t o = first; o < b_.h1; o += p_.row_step) {
        if (hi > lo && !joined.join((o * h.stride - c) / d, line_ + lo))
          for (int64_t i = lo; i < hi; ++i) identity().store_first(line_ + i, 1);
        row(o);
      }
    }
  }

  /// For each column of results the number of taps that count.
  void count_taps() {
    for (int64_t i = 0; i < n_; i += V::size) {
      V::set1(static_cast<T>(p_.w.taps)).store(counts_ + i);
      const int64_t n = axis::least(V::size, n_ - i);
      if (p_.w.inside(w_ + i, n)) continue;
      for (int64_t o = i; o < i + n; ++o)
        counts_[o] =
            static_cast<T>(counted_taps(p_.w, w_ + o, p_.count_include_pad, p_.pad_end_w));
    }
  }

  /// Results of row o from the line.
  void row(int64_t o) {
    const axis &a = p_.w;
    T *const out = dst_ + o * p_.dst.h + w_;
    V taps_h = V::set1(T(0));
    if constexpr (Op::counts)
      taps_h = V::set1(static_cast<T>(counted_taps(p_.h, o, p_.count_include_pad, p_.pad_end_h)));
    const int64_t n = n_;
    T *const counts = counts_;
    const joins<Op> op = op_;
    const auto finish = [=](int64_t i, V y) SWCONV_INLINE_LAMBDA {
      if constexpr (Op::counts) y = V::div(y, V::mul(V::load(counts + i), taps_h));
      y = op.lower(y);
      if (i + V::size <= n)
        y.store(out + i);
      else
        y.store_first(out + i, n - i);
    };
    if (!slides(a))
      each_window();
    else if (a.dilation > 1)
      dilated();
    else if (a.stride > 1)
      strided();
    else
      slide(line_, w_, n, results_);
    for (int64_t i = 0; i < n; i += V::size) finish(i, V::load(results_ + i));
  }

  SWCONV_NOINLINE void slide(const T *line, int64_t at, int64_t n, T *results) {
    sliding::row<V, sliding::store_whole>(op_, line, scratch_, at, p_.w.taps, n, results);
  }

  /// Every stride-th result.
  SWCONV_NOINLINE void strided() {
    const int64_t stride = p_.w.stride;
    const T *const all = classes_;
    slide(line_, w_ * stride, (n_ - 1) * stride + 1, classes_);
    int64_t i = 0;
    if constexpr (std::is_same_v<T, float>) {
      if (stride == 2)
        for (; i < n_; i += V::size)
          V::even(V::load(all + 2 * i), V::load(all + 2 * i + V::size)).store(results_ + i);
      else if (stride == 4)
        for (; i < n_; i += V::size) {
          const T *const x = all + 4 * i;
          V::even(V::even(V::load(x), V::load(x + V::size)),
                  V::even(V::load(x + 2 * V::size), V::load(x + 3 * V::size)))
              .store(results_ + i);
        }
    }
    for (; i < n_; ++i) results_[i] = all[i * stride];
  }

  /// The elements that are `dilation` apart slide by themselves.
  SWCONV_NOINLINE void dilated() {
    const axis &a = p_.w;
    const int64_t g = common_divisor(a.stride, a.dilation);
    const int64_t step = a.dilation / g, ratio = a.stride / g;
    T *const mine = classes_, *const all = classes_ + parts_.classes / 2;
    for (int64_t first = 0; first < axis::least(step, n_); ++first) {
      const int64_t n = (n_ - 1 - first) / step + 1;
      const int64_t x = first * a.stride, c = x % a.dilation, begin = x / a.dilation;
      const int64_t count = (n - 1) * ratio + a.taps;
      // Counted from position w · stride / dilation, a multiple of a run, whatever the class.
      for (int64_t i = 0; i < begin; ++i) mine[i] = line_[c];
      for (int64_t i = 0; i < count; ++i) mine[begin + i] = line_[x + i * a.dilation];
      for (int64_t i = 0; i < sliding::slack<V>; ++i) mine[begin + count + i] = line_[x];
      slide(mine, w_ * a.stride / a.dilation, begin + count - a.taps + 1, all);
      for (int64_t i = 0; i < n; ++i) results_[first + i * step] = all[begin + i * ratio];
    }
  }

  /// Each window by itself, from the left.
  SWCONV_NOINLINE void each_window() {
    const axis &a = p_.w;
    for (int64_t i = 0; i < n_; ++i) {
      const int64_t x = a.start(w_ + i);
      V s = identity();
      for (int64_t t = a.first_tap(x); t < a.last_tap(x); ++t)
        s = op_(s, V::broadcast(line_ + x + t * a.dilation));
      s.store_first(results_ + i, 1);
    }
  }

  const joins<Op> op_;
  const problem &p_;
  const block &b_;
  const slide_parts<V> parts_;
  const T *src_;
  T *dst_, *line_, *prefix_, *suffixes_, *counts_, *results_, *classes_, *scratch_;
  int64_t w_ = 0, n_ = 0;  ///< the columns of results at hand
};

/// All planes of a block.
template <class Op>
SWCONV_ALWAYS_INLINE void run_block(Op op, const problem &p, const run_pointers &ptr,
                                    const block &b) {
  for (int64_t g = b.g; g < b.g_end; ++g)
    slide_plane<simd::isa::full, Op>(op, p, ptr.src + b.n * p.src.n + g * p.src.c,
                                     ptr.dst + b.n * p.dst.n + g * p.dst.c, ptr.workspace, b)
        .run();
}
template <swconv_pool_kind Kind>
void run_other(const problem &p, const run_pointers &ptr, const block &b) {
  run_block(other_of{Kind}, p, ptr, b);
}

}  // namespace pooling
SWCONV_END_NAMESPACE
