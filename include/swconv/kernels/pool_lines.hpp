// SPDX-License-Identifier: MIT
/// @file pool_lines.hpp
/// Pooling with short windows along the row (sliding.hpp). The joined rows of many windows, of one
/// plane or of several, lie side by side in the workspace, each a `line`, so that loops are long on
/// small maps too and nothing is read back soon after it was stored. Windows that fill their lines
/// (global pooling) are done with lines in the lanes.
#pragma once

#include "pool_slide.hpp"

SWCONV_BEGIN_NAMESPACE
namespace pooling {

/// Not for SSE2, of which a small library matters more than speed: pool_slide.hpp gives the same
/// bits, but for the sign of a zero maximum.
#if defined(SWCONV_ISA_SSE2)
constexpr bool has_lines = false;
#else
constexpr bool has_lines = true;
#endif

/// Whether rows of windows are joined by groups (sliding_groups.hpp): where no window is all padding,
/// so that a row of padding may be taken for the nearest one of src, and rows are wide enough.
template <class V, class Op>
bool by_groups(const problem &p) {
  const axis &h = p.h;
  return sliding::is_quick<V, Op>() && h.stride == 1 && h.taps >= sliding::group && h.out > 1 &&
         h.pad < h.taps && h.out - h.pad <= h.in && h.taps / 2 <= h.in && p.w.in >= V::size;
}

/// The lines of a worker's workspace, in elements.
template <class V, class Op>
struct line_parts {
  static constexpr int64_t wanted = 2048;  ///< elements of all lines: the first cache holds them
  int64_t at_once;                         ///< columns of results
  int64_t pitch;                           ///< from line to line
  int64_t most;                            ///< lines
  int64_t room;                            ///< of all lines, or of what doubling makes of them
  int64_t counts;
  int64_t suffixes;  ///< rows of them

  explicit line_parts(const problem &p) {
    const axis &w = p.w;
    const auto unit = [](int64_t n) { return sliding::round_up(n, V::size); };
    at_once = axis::least(w.out > 0 ? w.out : 1, 1 + unit(wanted / w.stride));
    pitch = unit((at_once - 1) * w.stride + w.taps);
    most = pitch > wanted ? 1 : wanted / pitch;
    if (at_once == 1) most = sliding::round_up(most, V::size);
    const bool groups = by_groups<V, Op>(p);
    if (groups && most < sliding::group) most = sliding::group;
    room = (most + 1) * pitch + 2 * sliding::run + (2 * w.stride + 1) * V::size;
    counts = unit(at_once) + V::size;
    suffixes = shares_rows(p) && p.h.out > 1 ? axis::least(p.h.taps, p.h.in) : 0;
    const int64_t rows = sliding::groups<V, Op>::elements(p.h.taps, 1, 1);
    if (groups && suffixes < rows) suffixes = rows;
  }
  int64_t elements() const { return 3 * room + counts + (suffixes + 1) * pitch; }
};

inline bool serves_lines(const problem &p) {
  return has_lines && p.h.dilation == 1 && p.w.dilation == 1 && p.w.taps > 1 &&
         p.w.taps < sliding::long_window && p.w.stride < sliding::run && slides(p.w);
}

/// What joins the parts of a window of w elements: sums of m = 2^k elements with 2m <= w < 4m, of
/// which the first two are always there (sliding::last_sums).
struct window_parts {
  int steps, which;
  int64_t m, last;

  /// Of three elements none is joined twice: with stride 2 every other one is loaded once.
  explicit window_parts(int64_t w, bool idempotent) {
    steps = sliding::log2_floor(w) - 1;
    m = int64_t{1} << steps;
    last = (w & m) != 0 ? 3 * m : 2 * m;
    which = ((w & m) != 0 ? sliding::third_part : 0) |
            ((w & (m - 1)) != 0 ? sliding::rest_part : 0);
    if (idempotent && w > 3) {
      if (w == 2 * m) return;
      last = w - m;
      which = w <= 3 * m ? sliding::rest_part : sliding::third_part | sliding::rest_part;
    }
  }
};

template <class V, class Op>
class line_pool {
 public:
  using T = typename V::element;
  static_assert(!Op::compact, "elements join as they are, in any order of operands");

  line_pool(const problem &p, const T *src, T *dst, void *workspace, const block &b)
      : p_(p), b_(b), parts_(p), window_(p.w.taps, Op::idempotent), src_(src), dst_(dst) {
    memory_ = lines_ = static_cast<T *>(workspace);
    sums_ = lines_ + parts_.room;
    rests_ = sums_ + parts_.room;
    counts_ = rests_ + parts_.room;
    prefix_ = counts_ + parts_.counts;
    suffixes_ = prefix_ + parts_.pitch;
    // Multiplying by the reciprocal of a power of two is dividing by it.
    const int64_t taps = p.h.taps * p.w.taps;
    exact_ = Op::counts && taps < (1 << 20) && (taps & (taps - 1)) == 0 &&
             p.h.inside(0, p.h.out) && p.w.inside(0, p.w.out);
    reciprocal_ = V::set1(1 / static_cast<T>(taps));
    Op().template identity<V>().store_first(&none_, 1);
  }

  void run() {
    for (int64_t w = b_.w0; w < b_.w1; w += parts_.at_once)
      piece(w, axis::least(parts_.at_once, b_.w1 - w));
  }

 private:
  /// Columns w … w+n-1 of all planes and rows.
  SWCONV_NOINLINE void piece(int64_t w, int64_t n) {
    const axis &a = p_.w;
    w_ = w;
    n_ = n;
    const int64_t at = w * a.stride - a.pad, length = (n - 1) * a.stride + a.taps;
    const auto clamp = [=](int64_t x) { return x < 0 ? 0 : axis::least(x, length); };
    lo_ = clamp(-at);
    hi_ = clamp(a.in - at);
    if (hi_ < lo_) hi_ = lo_;
    tail_ = V::lanes(0, (hi_ - lo_) % V::size);
    length_ = length;
    if constexpr (Op::counts)
      if (!exact_) count_taps();
    // Where lines are long, elements of src are stored to whole vectors: with much padding, stores
    // across two lines of the cache cost more than loads.
    shift_ = a.taps < sliding::group * V::size ? 0 : -lo_ & (V::size - 1);
    lines_ = memory_ + shift_;
    // What is read together with the first and last elements must not be NaN.
    if constexpr (sliding::is_quick<V, Op>()) {
      fill(memory_, 0, shift_);
      for (int64_t i = 0; i < parts_.most; ++i)
        fill(lines_ + i * parts_.pitch, length, parts_.pitch);
    }
    used_ = 0;
    plane_ = b_.g;
    row_ = b_.h0;
    const T *const src = src_ + at + lo_;
    if (lo_ == hi_ || (shares_rows(p_) && p_.h.out > 1))
      for (int64_t g = b_.g; g < b_.g_end; ++g) {
        const T *const plane = src + (g - b_.g) * p_.src.c;
        shared_rows(plane, grouped_rows(plane));
      }
    else if (b_.h1 - b_.h0 == 1)
      // A single shared window is a block of rows by itself, joined from the bottom.
      like_lines(src, b_.h0, shares_rows(p_), b_.g_end - b_.g, p_.src.c);
    else
      for (int64_t g = b_.g; g < b_.g_end; ++g) rows(src + (g - b_.g) * p_.src.c);
    flush();
  }

  /// The lines of a plane, each by itself: those inside src in one go.
  void rows(const T *src) {
    const axis &h = p_.h;
    for (int64_t o = b_.h0; o < b_.h1;) {
      int64_t count = 1;
      if (h.inside(o, 1))
        while (o + count < b_.h1 && h.inside(o + count, 1)) ++count;
      like_lines(src, o, false, count, h.stride * p_.src.h);
      o += count;
    }
  }
  /// Lines from row o on, whose windows are alike and lie `distance` apart in src.
  SWCONV_NOINLINE void like_lines(const T *src, int64_t o, bool upwards, int64_t count, int64_t distance) {
    const int64_t x = p_.h.start(o), from = p_.h.first_tap(x), to = p_.h.last_tap(x);
    const T *a = src + (x + (upwards ? to - 1 : from)) * p_.src.h;
    while (count > 0) {
      const int64_t n = axis::least(count, parts_.most - used_);
      T *const line = lines_ + used_ * parts_.pitch;
      if (from < to)
        join_rows(a, to - from, upwards ? -p_.src.h : p_.src.h, line + lo_, n, distance);
      fill(line, n, from < to);
      used_ += n;
      if (used_ == parts_.most) flush();
      a += n * distance;
      count -= n;
    }
  }
  /// Maxima of rows by groups. Returns the first row left: there may be a NaN in its window.
  SWCONV_NOINLINE int64_t grouped_rows(const T *src) {
    if constexpr (sliding::is_quick<V, Op>()) {
      const int64_t n = hi_ - lo_, pitch = parts_.pitch, h0 = b_.h0, h1 = b_.h1;
      if (!by_groups<V, Op>(p_) || n < V::size) return h0;
      flush();
      using quick = sliding::without_nan<joins<Op>>;
      sliding::groups<V, quick> made({}, p_.h.taps, 1, suffixes_, pitch);
      const auto row = [&](int64_t y) {
        y -= p_.h.pad;
        return src + (y < 0 ? 0 : axis::least(y, p_.h.in - 1)) * p_.src.h;
      };
      const T *tops[2 * sliding::group], *tails[sliding::group];
      const auto top = [&tops](int64_t k) SWCONV_INLINE_LAMBDA { return tops[k]; };
      const auto tail = [&tails](int64_t k) SWCONV_INLINE_LAMBDA { return tails[k]; };
      V all = V::zero();
      const auto each = [&](auto &&work) SWCONV_INLINE_LAMBDA {
        for (int64_t i = 0; i < n; i += V::size) {
          V sum = V::zero();  // by itself: shorter chains
          work(axis::least(i, n - V::size), sum);
          all = V::add(all, sum);
        }
      };
      // Rows before the first tails: those of the group and between, read for a NaN only; then tails.
      const int64_t first = h0 + p_.h.taps - 1 - sliding::group * made.wholes;
      for (int64_t y = h0; y < first + sliding::group * made.wholes;) {
        const int64_t end = y < first ? axis::least(y + sliding::group, first) : y + sliding::group;
        int64_t count = 0;
        for (const int64_t from = y; y < end; ++y)
          if (y == from || row(y) != row(y - 1)) tails[count++] = row(y);
        each([&](int64_t i, V &sum) SWCONV_INLINE_LAMBDA { made.before(i, count, tail, sum); });
        if (y > first) made.next(n);
      }
      fill(lines_, sliding::group, true);
      T *const lines = lines_ + lo_;
      for (int64_t o = h0; o < h1; o += sliding::group) {
        for (int64_t k = 0; k < 2 * sliding::group; ++k) tops[k] = row(o + k);
        for (int64_t k = 0; k < sliding::group; ++k) tails[k] = row(o + p_.h.taps - 1 + k);
        each([&](int64_t i, V &sum) SWCONV_INLINE_LAMBDA {
          const auto to = [=](int64_t k, V v) SWCONV_INLINE_LAMBDA {
            v.store(lines + i + k * pitch);
          };
          made.results(i, top, tail, to, sum);
        });
        if (sliding::any_nan(all)) return o;
        made.next(n);
        used_ = axis::least(sliding::group, h1 - o);
        flush();
      }
      return h1;
    }
    return b_.h0;
  }
  /// From row o on.
  SWCONV_NOINLINE void shared_rows(const T *src, int64_t o) {
    sliding::joined_rows<V, joins<Op>> joined({}, p_.h, true, src, p_.src.h, suffixes_, prefix_,
                                              parts_.pitch, hi_ - lo_);
    for (; o < b_.h1; ++o) {
      T *const line = lines_ + used_ * parts_.pitch;
      fill(line, 1, lo_ < hi_ && joined.join(o * p_.h.stride, line + lo_));
      if (++used_ == parts_.most) flush();
    }
  }

  /// What of lines is not src.
  SWCONV_NOINLINE void fill(T *line, int64_t count, bool has_src) const {
    const int64_t lo = has_src ? lo_ : length_, hi = has_src ? hi_ : length_;
    if (lo == 0 && hi == length_) return;
    for (; --count >= 0; line += parts_.pitch) {
      fill(line, 0, lo);
      fill(line, hi, length_);
    }
  }
  SWCONV_ALWAYS_INLINE void fill(T *line, int64_t i, int64_t to) const {
    const V none = Op().template identity<V>();
    for (; i + V::size <= to; i += V::size) {
      none.store(line + i);
      __asm__("");  // or it becomes a call of memset
    }
    for (; i < to; ++i) {
      line[i] = none_;
      __asm__("");
    }
  }

  /// X vectors of a row at a time, the last perhaps partial.
  template <int X, bool Partial>
  SWCONV_ALWAYS_INLINE void group(const T *a, int64_t rows, int64_t step, T *to) const {
    const auto mask = tail_;
    const auto load = [mask](const T *from, auto x) SWCONV_INLINE_LAMBDA {
      if constexpr (Partial && x == X - 1)
        return V::load_masked(from + x * V::size, mask);
      else
        return V::load(from + x * V::size);
    };
    V s[X];
    simd::unroll<X>([&](auto x) SWCONV_INLINE_LAMBDA { s[x] = load(a, x); });
    while (--rows > 0) {
      a += step;
      simd::unroll<X>([&](auto x) SWCONV_INLINE_LAMBDA { s[x] = Op().join(s[x], load(a, x)); });
    }
    simd::unroll<X>([&](auto x) SWCONV_INLINE_LAMBDA { s[x].store(to + x * V::size); });
  }
  template <int X, bool Partial>
  SWCONV_NOINLINE void narrow(const T *a, int64_t rows, int64_t step, T *to, int64_t count,
                              int64_t distance) const {
    for (; --count >= 0; a += distance, to += parts_.pitch) group<X, Partial>(a, rows, step, to);
  }
  /// Rows of no more than a half vector, of which fewer loads cross lines of the cache. Of four
  /// windows at a time, so that none waits for its own last sum.
  SWCONV_NOINLINE void narrowest(const T *a, int64_t rows, int64_t step, T *to, int64_t count,
                                 int64_t distance) const {
    using H = simd::isa::half;
    const auto mask = H::lanes(0, hi_ - lo_);
    const int64_t pitch = parts_.pitch;
    const auto some = [=](auto lines, const T *from, T *into) SWCONV_INLINE_LAMBDA {
      constexpr int L = lines;
      H s[L];
      simd::unroll<L>([&](auto i) SWCONV_INLINE_LAMBDA {
        s[i] = H::load_masked(from + i * distance, mask);
      });
      for (int64_t left = rows; --left > 0;) {
        from += step;
        simd::unroll<L>([&](auto i) SWCONV_INLINE_LAMBDA {
          s[i] = Op().join(s[i], H::load_masked(from + i * distance, mask));
        });
      }
      simd::unroll<L>([&](auto i) SWCONV_INLINE_LAMBDA { s[i].store(into + i * pitch); });
    };
    for (; count >= 4; count -= 4, a += 4 * distance, to += 4 * pitch)
      some(std::integral_constant<int, 4>(), a, to);
    for (; --count >= 0; a += distance, to += pitch) some(std::integral_constant<int, 1>(), a, to);
  }
  /// Joins rows that are `step` apart, to lines whose windows are `distance` apart.
  SWCONV_NOINLINE void join_rows(const T *a, int64_t rows, int64_t step, T *to, int64_t count,
                 int64_t distance) const {
    int64_t n = hi_ - lo_;
    if (n <= simd::isa::half::size) return narrowest(a, rows, step, to, count, distance);
    for (; n >= 5 * V::size; n -= 4 * V::size, a += 4 * V::size, to += 4 * V::size)
      narrow<4, false>(a, rows, step, to, count, distance);
    switch (2 * (n / V::size) + (n % V::size != 0)) {
      case 1: return narrow<1, true>(a, rows, step, to, count, distance);
      case 2: return narrow<1, false>(a, rows, step, to, count, distance);
      case 3: return narrow<2, true>(a, rows, step, to, count, distance);
      case 4: return narrow<2, false>(a, rows, step, to, count, distance);
      case 5: return narrow<3, true>(a, rows, step, to, count, distance);
      case 6: return narrow<3, false>(a, rows, step, to, count, distance);
      case 7: return narrow<4, true>(a, rows, step, to, count, distance);
      case 8: return narrow<4, false>(a, rows, step, to, count, distance);
      default:
        narrow<4, false>(a, rows, step, to, count, distance);
        return narrow<1, true>(a + 4 * V::size, rows, step, to + 4 * V::size, count, distance);
    }
  }

  /// For each column of results the number of taps that count.
  SWCONV_NOINLINE void count_taps() {
    const V all = V::set1(static_cast<T>(p_.w.taps));
    for (int64_t i = 0; i < parts_.counts; i += V::size) {
      all.store(counts_ + i);
      if (i >= n_ || p_.w.inside(w_ + i, axis::least(V::size, n_ - i))) continue;
      for (int64_t o = i; o < axis::least(i + V::size, n_); ++o)
        counts_[o] =
            static_cast<T>(counted_taps(p_.w, w_ + o, p_.count_include_pad, p_.pad_end_w));
    }
  }
  SWCONV_NOINLINE T taps_of_edge(int64_t o) const {
    return static_cast<T>(counted_taps(p_.h, o, p_.count_include_pad, p_.pad_end_h));
  }
  SWCONV_ALWAYS_INLINE V taps_of_row(int64_t o) const {
    if (p_.h.inside(o, 1)) return V::set1(static_cast<T>(p_.h.taps));
    return V::set1(taps_of_edge(o));
  }
  /// Results of all lines.
  SWCONV_NOINLINE void flush() {
    if (used_ == 0) return;
    if (parts_.at_once == 1)
      across();
    else if (!quickly())
      along();
    used_ = 0;
  }
  /// Calls f(line, row, dst) for all lines.
  template <class F>
  SWCONV_ALWAYS_INLINE void each_line(F &&f) {
    const int64_t used = used_;
    int64_t row = row_, plane = plane_;
    T *out = dst_ + (plane - b_.g) * p_.dst.c + row * p_.dst.h + w_;
    for (int64_t i = 0; i < used; ++i) {
      f(i, row, out);
      out += p_.dst.h;
      if (++row < b_.h1) continue;
      out += p_.dst.c - (row - b_.h0) * p_.dst.h;
      row = b_.h0;
      ++plane;
    }
    row_ = row;
    plane_ = plane;
  }

  /// Maxima along lines, if none may hold a NaN.
  SWCONV_NOINLINE bool quickly() {
    if constexpr (sliding::is_quick<V, Op>()) {
      const int64_t w = p_.w.taps, n = n_, pitch = parts_.pitch;
      if (p_.w.stride > 1 || w < sliding::quick_window) return false;
      // Elsewhere the window of doubling holds padding only.
      const int64_t before =
          lo_ - sliding::round_up((int64_t{1} << sliding::quick_steps<V>(w)) - 1, V::size);
      const int64_t from = before < -shift_ ? -shift_ : before;
      T *const sums = sums_ + shift_;
      fill(sums, 0, from);
      fill(sums, axis::least(from + sliding::round_up(hi_ - from, V::size), length_), length_);
      const int64_t row = row_, plane = plane_;
      const sliding::without_nan<joins<Op>> op{};
      bool done = true;
      each_line([&](int64_t line, int64_t, T *out) SWCONV_INLINE_LAMBDA {
        done = done && sliding::quick_doubles<V>(op, lines_ + line * pitch, sums, from, hi_, w);
        if (done) sliding::quick_results<V>(op, sums, rests_, w, n, out);
      });
      if (!done) row_ = row, plane_ = plane;
      return done;
    }
    return false;
  }

  void along() {
    const T *const sums = sliding::double_up<V>(joins<Op>(), lines_, sums_, rests_, window_.steps,
                                                p_.w.taps, used_ * parts_.pitch + 1);
    const T *const rests = Op::idempotent ? sums : rests_;
    // Windows of three have loops of their own.
    if (p_.w.stride == 1 && p_.w.taps == 3)
      results<1, sliding::third_part>(sums, rests);
    else if (p_.w.stride == 1)
      results<1, sliding::at_run_time>(sums, rests);
    else if (p_.w.stride == 2 && window_.m == 1)
      results<pairs, sliding::at_run_time>(sums, rests);
    else
      results<0, sliding::at_run_time>(sums, rests);
  }
  /// Stride 2 and windows of two or three.
  static constexpr int pairs = -2;

  /// Elements of a line that are `stride` apart, from the one of result i on; in the order of
  /// V::even_unordered for `pairs`.
  template <int S>
  static SWCONV_ALWAYS_INLINE V fetch(const T *p, int64_t i, int64_t stride) {
    if constexpr (S == 1) return V::load(p + i);
    p += stride * i;
    if constexpr (S == pairs) return V::even_unordered(V::load(p), V::load(p + V::size));
    if (stride == 2) return V::even(V::load(p), V::load(p + V::size));
    if (stride == 4)
      return V::even(V::even(V::load(p), V::load(p + V::size)),
                     V::even(V::load(p + 2 * V::size), V::load(p + 3 * V::size)));
    return V::gather(p, stride, V::lanes(0, V::size));
  }
  template <int S, int Parts>
  SWCONV_NOINLINE void results(const T *sums, const T *rests) {
    const int parts = Parts == sliding::at_run_time ? window_.which : Parts;
    const int64_t stride = p_.w.stride, n = n_, m = window_.m, last = window_.last;
    const joins<Op> op;
    // What a partial vector leaves behind a row is overwritten by the next.
    const bool spills = p_.dst.h == n && (p_.dst.c == n * p_.h.out || b_.g_end == b_.g + 1) &&
                        b_.h0 == 0 && b_.h1 == p_.h.out;
    const T *const counts = counts_;
    const bool exact = exact_;
    const V reciprocal = reciprocal_;
    each_line([&](int64_t line, int64_t o, T *out) SWCONV_INLINE_LAMBDA {
      const T *const e = sums + line * parts_.pitch, *const r = rests + line * parts_.pitch;
      const bool whole = n >= V::size || (spills && (used_ - line - 1) * n >= V::size - n);
      V rows = reciprocal;
      if constexpr (Op::counts)
        if (!exact) rows = taps_of_row(o);
      for (int64_t i = 0; i < n; i += V::size) {
        if (i + V::size > n && n >= V::size) i = n - V::size;
        V y;
        if constexpr (S == pairs) {
          const V lo = V::load(e + 2 * i), hi = V::load(e + 2 * i + V::size);
          y = op(V::even_unordered(lo, hi), V::odd_unordered(lo, hi));
        } else {
          y = op(fetch<S>(e, i, stride), fetch<S>(e + m, i, stride));
        }
        if (parts & sliding::third_part) {
          const V third = fetch<S>(e + 2 * m, i, stride);
          y = op(y, parts & sliding::rest_part ? op(third, fetch<S>(r + last, i, stride)) : third);
        } else if (parts & sliding::rest_part) {
          y = op(y, fetch<S>(r + last, i, stride));
        }
        if constexpr (S == pairs) y = V::ordered(y);
        if constexpr (Op::counts)
          y = exact ? V::mul(y, rows) : V::div(y, V::mul(V::load(counts + i), rows));
        if (whole)
          y.store(out + i);
        else
          y.store_first(out, n);
      }
    });
  }

  /// Windows that fill their lines: a vector of lines at a time.
  SWCONV_NOINLINE void across() {
    T all[line_parts<V, Op>::wanted];
    const int64_t pitch = parts_.pitch;
    const bool exact = exact_, one_row = p_.h.out == 1;
    V count = reciprocal_;
    if (Op::counts && !exact && one_row) count = V::mul(V::broadcast(counts_), taps_of_row(0));
    for (int64_t i = 0; i < used_; i += V::size) {
      V y = across(lines_ + i * pitch);
      if constexpr (Op::counts) y = exact ? V::mul(y, count) : one_row ? V::div(y, count) : y;
      y.store(all + i);
    }
    each_line([&](int64_t line, int64_t o, T *out) SWCONV_INLINE_LAMBDA {
      T y = all[line];
      if constexpr (Op::counts)
        if (!exact && !one_row)
          y /= counts_[0] * taps_of_edge(o);
      *out = y;
    });
  }
  /// Columns are joined by fours, fours as the binary digits of their number say.
  SWCONV_ALWAYS_INLINE V across(const T *lines) const {
    const joins<Op> op;
    const int64_t pitch = parts_.pitch, w = p_.w.taps;
    V x[4], known[9];
    for (int64_t c = 0; c < w; c += 4) {
      SWCONV_UNROLL
      for (int j = 0; j < 4; ++j) x[j] = V::quads(lines + j * pitch + c, 4 * pitch);
      V::transpose_quads(x[0], x[1], x[2], x[3]);
      if (c + 4 > w) break;
      V s = op(op(x[0], x[1]), op(x[2], x[3]));
      int level = 2;
      for (; (c >> level) & 1; ++level) s = op(known[level], s);
      known[level] = s;
    }
    const int left = static_cast<int>(w % 4);
    V s = left == 3 ? op(op(x[0], x[1]), x[2]) : left == 2 ? op(x[0], x[1]) : x[0];
    bool any = left > 0;
    for (int level = 2; level < 9; ++level) {
      if (((w >> level) & 1) == 0) continue;
      s = any ? op(known[level], s) : known[level];
      any = true;
    }
    return s;
  }

  const problem &p_;
  const block &b_;
  const line_parts<V, Op> parts_;
  const window_parts window_;
  const T *src_;
  T *dst_, *memory_, *lines_, *sums_, *rests_, *counts_, *prefix_, *suffixes_;
  bool exact_;
  V reciprocal_;
  T none_;  ///< what joins nothing
  int64_t shift_ = 0;                        ///< of lines in their memory
  int64_t w_ = 0, n_ = 0;                    ///< the columns of results at hand
  int64_t length_ = 0, lo_ = 0, hi_ = 0;     ///< of a line, and what of it is src
  int64_t used_ = 0, plane_ = 0, row_ = 0;   ///< lines, and the plane and row of the first
  typename V::mask tail_;
};

/// Bytes of workspace per worker; negative if they do not fit.
template <class Op>
int64_t lines_workspace(const problem &p) {
  using V = simd::isa::full;
  if (!serves_lines(p)) return slide_workspace(p);
  const line_parts<V, Op> parts(p);
  int64_t rows = 0;
  constexpr int64_t far = INT64_MAX / 64;
  if (__builtin_mul_overflow(parts.pitch, parts.suffixes, &rows) || rows > far) return -1;
  return parts.elements() * static_cast<int64_t>(sizeof(V::element));
}

template <class Op>
void run_lines(const problem &p, const run_pointers &ptr, const block &b) {
  using V = simd::isa::full;
  if constexpr (has_lines)
    if (serves_lines(p))
      return line_pool<V, Op>(p, ptr.src + b.n * p.src.n + b.g * p.src.c,
                              ptr.dst + b.n * p.dst.n + b.g * p.dst.c, ptr.workspace, b)
          .run();
  run_block(Op{}, p, ptr, b);
}

}  // namespace pooling
SWCONV_END_NAMESPACE
