// SPDX-License-Identifier: MIT
// Compiled with -ffp-contract=off: what looks like two roundings here must be two.
#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace swconv_test {
namespace {

constexpr double u = 0x1p-24;             // half a unit in the last place of 1
constexpr double smallest = 0x1p-149;     // the least denormal: the rounding of an underflow
constexpr double smallest_normal = 0x1p-126;
constexpr double pi = 3.14159265358979323846;

// Taps t in [first, last) of an axis lie inside src for output o.
struct taps {
  int64_t first, last, start;
  taps(int64_t o, int64_t in, int64_t k, int64_t s, int64_t d, int64_t before)
      : first(0), last(k), start(o * s - before) {
    while (first < last && start + first * d < 0) ++first;
    while (last > first && start + (last - 1) * d >= in) --last;
  }
};

struct sums {
  double exact = 0, magnitude = 0;
  float fused = 0, unfused = 0;
  int64_t terms = 0;
};

// The chain of one output: input channels, filter rows, filter columns, in this order.
template <bool Fused>
sums accumulate(const conv_case &c, const tensor_shape &ss, const tensor_shape &fs,
                const conv_data &d, int64_t n, int64_t oc, const taps &rows, const taps &columns) {
  sums sum;
  const int64_t group = oc / c.oc;
  for (int64_t ic = 0; ic < c.ic; ++ic)
    for (int64_t kh = rows.first; kh < rows.last; ++kh)
      for (int64_t kw = columns.first; kw < columns.last; ++kw) {
        const float f = d.filter[fs.at(oc, ic, kh, kw)];
        const float s = d.src[ss.at(n, group * c.ic + ic, rows.start + kh * c.dh,
                                    columns.start + kw * c.dw)];
        sum.exact += double(f) * double(s);
        sum.magnitude += std::fabs(double(f) * double(s));
        if (Fused) sum.fused = std::fma(f, s, sum.fused);
        const float product = f * s;
        sum.unfused += product;
        ++sum.terms;
      }
  return sum;
}

float epilogue(const conv_case &c, float acc, const float *scale, const float *bias,
               const float *residual, bool fused) {
  float v = acc;
  if (scale && bias && fused) {
    v = std::fma(acc, *scale, *bias);
  } else {
    if (scale) v = v * *scale;
    if (bias) v = v + *bias;
  }
  if (residual) v = v + *residual;
  return activate(c.act, v, fused);
}

}  // namespace

double gamma_bound(double n) { return n * u / (1 - n * u); }

bool activation_bits_are_promised(int64_t act) { return act < SWCONV_ACT_SIGMOID; }

double activation_slope(int64_t act) {
  switch (act) {
    case SWCONV_ACT_HARD_SIGMOID: return 0.2;
    case SWCONV_ACT_HARD_SWISH: return 1.5;
    case SWCONV_ACT_SIGMOID: return 0.25;
    case SWCONV_ACT_SILU: return 1.1;
    case SWCONV_ACT_GELU:
    case SWCONV_ACT_GELU_TANH: return 1.13;
    default: return 1;
  }
}

double activation_error(int64_t act, double x, double y) {
  const double ulp = 2 * u * std::fabs(y);
  switch (act) {
    case SWCONV_ACT_LEAKY_RELU: return ulp + smallest;
    case SWCONV_ACT_HARD_SIGMOID:
    case SWCONV_ACT_HARD_SWISH: return 3 * ulp + smallest;
    case SWCONV_ACT_SIGMOID:
    case SWCONV_ACT_TANH:
    case SWCONV_ACT_SILU: return 4 * ulp + smallest_normal;
    // 1 + erf and 1 + tanh cancel for negative x: the error is relative to x.
    case SWCONV_ACT_GELU:
    case SWCONV_ACT_GELU_TANH: return 4 * ulp + 8 * u * std::fabs(x) + smallest_normal;
    default: return 0;
  }
}

double activate(int64_t act, double x) {
  const double alpha = activation_alpha(act), beta = activation_beta(act);
  switch (act) {
    case SWCONV_ACT_RELU: return x < 0 ? 0 : x;
    case SWCONV_ACT_CLAMP: return x < alpha ? alpha : x > beta ? beta : x;
    case SWCONV_ACT_LEAKY_RELU: return x < 0 ? alpha * x : x;
    case SWCONV_ACT_HARD_SIGMOID: return std::min(std::max(alpha * x + beta, 0.0), 1.0);
    case SWCONV_ACT_HARD_SWISH: return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0);
    case SWCONV_ACT_SIGMOID: return 1 / (1 + std::exp(-x));
    case SWCONV_ACT_TANH: return std::tanh(x);
    case SWCONV_ACT_SILU: return x / (1 + std::exp(-x));
    case SWCONV_ACT_GELU: return 0.5 * x * std::erfc(-x * std::sqrt(0.5));
    case SWCONV_ACT_GELU_TANH:
      // 1 + tanh(y) = 2 / (1 + exp(-2y)), which does not cancel for negative y.
      return x / (1 + std::exp(-2 * std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
    default: return x;
  }
}

float activate(int64_t act, float x, bool fused) {
  const float alpha = activation_alpha(act), beta = activation_beta(act);
  const auto line = [fused](float a, float b, float c) {
    if (fused) return std::fma(a, b, c);
    const float product = a * b;
    return product + c;
  };
  const auto unit = [](float v) { return v < 0.0f ? 0.0f : v > 1.0f ? 1.0f : v; };
  switch (act) {
    case SWCONV_ACT_RELU: return x < 0.0f ? 0.0f : x;
    case SWCONV_ACT_CLAMP: return x < alpha ? alpha : x > beta ? beta : x;
    case SWCONV_ACT_LEAKY_RELU: return x < 0.0f ? alpha * x : x;
    case SWCONV_ACT_HARD_SIGMOID: return unit(line(alpha, x, beta));
    case SWCONV_ACT_HARD_SWISH: return x * unit(line(x, 1.0f / 6.0f, 0.5f));
    default: return static_cast<float>(activate(act, static_cast<double>(x)));
  }
}

/// What math = fast promises beyond the bound of the canonical chain, for one output channel and
/// sample: a multiple of Σ|filter| · max|src|, since a tile mixes the pixels around an output.
double fast_error(const conv_case &c, const tensor_shape &ss, const tensor_shape &fs,
                  const conv_data &d, int64_t n, int64_t oc) {
  double filter = 0, src = 0;
  for (int64_t ic = 0; ic < c.ic; ++ic) {
    for (int64_t kh = 0; kh < c.kh; ++kh)
      for (int64_t kw = 0; kw < c.kw; ++kw)
        filter += std::fabs(double(d.filter[fs.at(oc, ic, kh, kw)]));
    for (int64_t h = 0; h < c.h; ++h)
      for (int64_t w = 0; w < c.w; ++w)
        src = std::max(src, std::fabs(double(d.src[ss.at(n, oc / c.oc * c.ic + ic, h, w)])));
  }
  return 256 * u * filter * src + 4096 * double(c.ic * c.kh * c.kw) * smallest;
}

reference convolve(const conv_case &c, const conv_data &d, bool needs_fused) {
  return convolve(c, d, needs_fused, {src_shape(c), filter_shape(c), dst_shape(c), dst_shape(c)});
}

reference convolve(const conv_case &c, const conv_data &d, bool needs_fused, const conv_shapes &s) {
  const auto &ss = s.src, &fs = s.filter, &ds = s.dst;
  reference r;
  r.bits_are_promised = activation_bits_are_promised(c.act);
  const auto count = static_cast<size_t>(ds.count());
  r.exact.reserve(count);
  r.bound.reserve(count);
  if (needs_fused) r.fused.reserve(count);
  r.unfused.reserve(count);

  for (int64_t n = 0; n < ds.size[0]; ++n)
    for (int64_t oc = 0; oc < ds.size[1]; ++oc) {
      const float *scale = d.scale ? d.scale + oc : nullptr;
      const double transformed = c.fast ? fast_error(c, ss, fs, d, n, oc) : 0;
      const float *bias = d.bias ? d.bias + oc : nullptr;
      for (int64_t oh = 0; oh < ds.size[2]; ++oh)
        for (int64_t ow = 0; ow < ds.size[3]; ++ow) {
          const taps rows(oh, c.h, c.kh, c.sh, c.dh, c.pt), columns(ow, c.w, c.kw, c.sw, c.dw, c.pl);
          const float *residual = d.residual ? d.residual + s.residual.at(n, oc, oh, ow) : nullptr;
          const sums sum = needs_fused ? accumulate<true>(c, ss, fs, d, n, oc, rows, columns)
                                       : accumulate<false>(c, ss, fs, d, n, oc, rows, columns);
          if (needs_fused) r.fused.push_back(epilogue(c, sum.fused, scale, bias, residual, true));
          r.unfused.push_back(epilogue(c, sum.unfused, scale, bias, residual, false));

          double v = sum.exact, magnitude = sum.magnitude, underflow = double(sum.terms) + 3;
          if (scale) {
            v *= *scale;
            magnitude *= std::fabs(double(*scale));
            underflow *= std::max(1.0, std::fabs(double(*scale)));
          }
          if (bias) {
            v += *bias;
            magnitude += std::fabs(double(*bias));
          }
          if (residual) {
            v += *residual;
            magnitude += std::fabs(double(*residual));
          }
          const double y = activate(c.act, v);
          // A term meets n roundings, with FMA or without, then those of scale, bias and residual.
          double error = gamma_bound(double(sum.terms) + 3) * magnitude + underflow * smallest;
          error += transformed * (scale ? std::fabs(double(*scale)) : 1.0);
          r.exact.push_back(y);
          r.bound.push_back(activation_slope(c.act) * error + activation_error(c.act, v, y));
        }
    }
  return r;
}

namespace {

/// Sums in f32 in the order that docs/sliding-sums.md lays down.
namespace canonical {

using terms = std::vector<float>;

float balanced(const terms &x, size_t i, size_t n) {
  if (n == 1) return x[i];
  size_t high = 1;  // the largest power of two in n, or half of n if it is one
  while (high * 2 < n) high *= 2;
  return balanced(x, i, high) + balanced(x, i + high, n - high);
}

/// Terms with numbers from `first` on, those below `middle` from the right, the others from the left.
float suffix_and_prefix(const terms &x, int64_t first, int64_t middle) {
  const auto split = std::min(static_cast<size_t>(std::max<int64_t>(middle - first, 0)), x.size());
  float s = 0, p = 0;
  if (split > 0) s = x[split - 1];
  for (size_t i = split; i-- > 1;) s = x[i - 1] + s;
  if (split < x.size()) p = x[split];
  for (size_t i = split + 1; i < x.size(); ++i) p += x[i];
  return split == 0 ? p : split == x.size() ? s : s + p;
}

int64_t over_common(int64_t a, int64_t b) { return a / std::gcd(a, b); }

/// A window of `w` columns, absent ones 0, that begins at column `at` of its class.
float along_row(const terms &x, int64_t at) {
  constexpr int64_t run = 64, long_window = 512;
  const auto w = static_cast<int64_t>(x.size());
  if (w < long_window) return balanced(x, 0, x.size());
  const int64_t q = w / run;
  terms runs;
  for (int64_t k = 0; k < q; ++k) runs.push_back(balanced(x, static_cast<size_t>(k * run), run));
  // Neighbours of a block of q runs, by the number of the run that the window begins in.
  const float whole = suffix_and_prefix(runs, at / run, (at / run / q + 1) * q);
  return w % run == 0 ? whole
                      : whole + balanced(x, static_cast<size_t>(q * run),
                                         static_cast<size_t>(w % run));
}

}  // namespace canonical

float lift(int64_t kind, float x) {
  return kind == SWCONV_POOL_L1 ? std::fabs(x) : kind == SWCONV_POOL_L2 ? x * x : x;
}

/// The canonical sum of a window.
float canonical_sum(pool_case c, const tensor_shape &ss, int64_t dst_row, const float *plane,
                    int64_t oh, int64_t ow) {
  int64_t row_step = ss.stride[2], column_step = 1;
  if (c.w == 1 && c.kw == 1 && c.pl == 0 && c.dst_w() == 1 && row_step == 1 && dst_row == 1) {
    // One column is taken for a row, if it is one in memory.
    std::swap(c.h, c.w), std::swap(c.kh, c.kw), std::swap(c.sh, c.sw), std::swap(c.dh, c.dw);
    std::swap(c.pt, c.pl), std::swap(oh, ow), std::swap(row_step, column_step);
  }
  if (c.kh == 1) c.dh = 1;
  if (c.kw == 1) c.dw = 1;
  const int64_t ratio = canonical::over_common(c.sh, c.dh);
  const bool shares = c.kh > 4 && c.kh > 3 * ratio;
  const bool slides = c.sw / 8 <= c.kw && (c.kw - 1) * c.dw <= 2 * c.w + 64;
  thread_local canonical::terms rows, columns;  // kept: an allocation per column would be most of the time
  columns.clear();
  for (int64_t kw = 0; kw < c.kw; ++kw) {
    const int64_t x = ow * c.sw - c.pl + kw * c.dw;
    rows.clear();
    int64_t first = -1;
    for (int64_t kh = 0; kh < c.kh; ++kh) {
      const int64_t y = oh * c.sh - c.pt + kh * c.dh;
      if (y < 0 || y >= c.h || x < 0 || x >= c.w) continue;
      if (rows.empty()) first = oh * c.sh / c.dh + kh;
      rows.push_back(lift(c.kind, plane[y * row_step + x * column_step]));
    }
    if (rows.empty()) {
      if (slides) columns.push_back(0.0f);
      continue;
    }
    const int64_t middle = shares ? (oh * c.sh / c.dh / c.kh + 1) * c.kh : first;
    columns.push_back(canonical::suffix_and_prefix(rows, first, middle));
  }
  if (slides) return canonical::along_row(columns, ow * c.sw / c.dw);
  float sum = 0;
  for (const float x : columns) sum += x;
  return sum;
}

}  // namespace

reference pool(const pool_case &c, const float *src) { return pool(c, src, src_shape(c), dst_shape(c)); }

reference pool(const pool_case &c, const float *src, const tensor_shape &ss,
               const tensor_shape &ds) {
  const bool is_max = c.kind == SWCONV_POOL_MAX, is_min = c.kind == SWCONV_POOL_MIN;
  const bool is_avg = c.kind == SWCONV_POOL_AVG, is_l2 = c.kind == SWCONV_POOL_L2;
  reference r;
  for (int64_t n = 0; n < ds.size[0]; ++n)
    for (int64_t channel = 0; channel < ds.size[1]; ++channel)
      for (int64_t oh = 0; oh < ds.size[2]; ++oh)
        for (int64_t ow = 0; ow < ds.size[3]; ++ow) {
          double sum = 0, magnitude = 0, largest = -std::numeric_limits<double>::infinity();
          bool has_nan = false;
          int64_t inside = 0, rows = 0, columns = 0;
          for (int64_t kh = 0; kh < c.kh; ++kh) {
            const int64_t y = oh * c.sh - c.pt + kh * c.dh;
            rows += c.count_include_pad ? y < c.h + c.pb : y >= 0 && y < c.h;
          }
          for (int64_t kw = 0; kw < c.kw; ++kw) {
            const int64_t x = ow * c.sw - c.pl + kw * c.dw;
            columns += c.count_include_pad ? x < c.w + c.pr : x >= 0 && x < c.w;
          }
          // Bounds of the columns are out of the loop, which is most of what an emulator runs here.
          const int64_t x0 = ow * c.sw - c.pl;
          const int64_t first = x0 < 0 ? (-x0 - 1) / c.dw + 1 : 0;
          const int64_t last = x0 < c.w ? std::min(c.kw, (c.w - 1 - x0) / c.dw + 1) : 0;
          for (int64_t kh = 0; kh < c.kh; ++kh) {
            const int64_t y = oh * c.sh - c.pt + kh * c.dh;
            if (y < 0 || y >= c.h) continue;
            const float *row = src + ss.at(n, channel, y, 0);
            for (int64_t kw = first; kw < last; ++kw) {
              ++inside;
              double value = row[x0 + kw * c.dw];
              has_nan = has_nan || std::isnan(value);
              largest = std::max(largest, is_min ? -value : value);
              if (c.kind == SWCONV_POOL_L1) value = std::fabs(value);
              if (is_l2) value *= value;
              sum += value;
              magnitude += std::fabs(value);
            }
          }
          const double count = double(rows * columns);
          double result = is_avg ? sum / count : is_l2 ? std::sqrt(sum) : sum;
          if (is_max || is_min)
            result = has_nan ? std::numeric_limits<double>::quiet_NaN()
                     : is_min ? -largest
                              : largest;
          // A sum, the lift of its terms, a quotient or a root.
          double bound = gamma_bound(double(inside) + 3) * magnitude / (is_avg ? count : 1) +
                         4 * smallest;
          if (is_l2)
            bound = gamma_bound(double(inside) + 3) * result +
                    std::sqrt(double(inside) * smallest);
          r.exact.push_back(result);
          r.bound.push_back(is_max || is_min ? 0 : bound);
          if (is_max || is_min) {
            r.fused.push_back(static_cast<float>(result));
            continue;
          }
          const float s = canonical_sum(c, ss, ds.stride[2], src + ss.at(n, channel, 0, 0), oh, ow);
          const float taps = static_cast<float>(rows) * static_cast<float>(columns);
          r.fused.push_back(is_avg ? s / taps : is_l2 ? std::sqrt(s) : s);
        }
  r.unfused = r.fused;
  return r;
}

}  // namespace swconv_test
