// SPDX-License-Identifier: MIT
#include "reference.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>

namespace swconv_bench {
namespace {

constexpr double unit_roundoff = 0x1p-24;
constexpr int64_t sample_size = 3000;
constexpr double sample_taps = 5e7;

/// Taps [first, last) of one axis that fall inside src.
struct tap_range {
  int64_t first, last;
};
tap_range inside(int64_t start, int64_t in, int64_t k, int64_t dilation) {
  const int64_t first = start >= 0 ? 0 : (-start + dilation - 1) / dilation;
  const int64_t last = start >= in ? 0 : (in - 1 - start) / dilation + 1;
  return {std::min(first, k), std::max(std::min(last, k), std::min(first, k))};
}

/// Taps of an averaging window that count when padding is included.
int64_t counted_with_pad(int64_t start, int64_t in, int64_t k, int64_t dilation, int64_t end_pad) {
  int64_t count = 0;
  for (int64_t t = 0; t < k; ++t) count += start + t * dilation < in + end_pad;
  return count;
}

}  // namespace

reference::reference(const layer &l, const float *src, const float *filter, double affordable_taps)
    : layer_(l) {
  const int64_t size = l.dst_size(), oh = l.oh(), ow = l.ow();
  const double taps = l.needed_taps();
  complete_ = taps <= affordable_taps;
  std::vector<int64_t> indices;
  if (complete_) {
    for (int64_t i = 0; i < size; ++i) indices.push_back(i);
  } else {
    const int64_t wanted = std::min(
        {size, sample_size, std::max<int64_t>(64, int64_t(sample_taps / (taps / double(size))))});
    std::mt19937_64 random(42);
    const auto below = [&](int64_t limit) { return int64_t(random() % uint64_t(limit)); };
    for (int64_t i = 0; i < wanted; ++i) {
      // A third each: anywhere, on the first or last rows and columns, near a corner.
      int64_t y = below(oh), x = below(ow);
      const auto edge = [&](int64_t limit) {
        const int64_t near = below(std::min<int64_t>(limit, 3));
        return below(2) ? near : limit - 1 - near;
      };
      if (i % 3 == 2 || (i % 3 == 1 && below(2)))
        y = edge(oh);
      else if (i % 3 == 1)
        x = edge(ow);
      if (i % 3 == 2) x = edge(ow);
      indices.push_back((below(l.n * l.oc) * oh + y) * ow + x);
    }
  }
  points_.reserve(indices.size());
  for (int64_t index : indices) points_.push_back(compute(index, src, filter));
}

reference::point reference::compute(int64_t index, const float *src, const float *filter) const {
  const layer &l = layer_;
  const int64_t oh = l.oh(), ow = l.ow();
  const int64_t x = index % ow, y = index / ow % oh, oc = index / (ow * oh) % l.oc;
  const int64_t batch = index / (ow * oh * l.oc), icg = l.ic_per_group();
  const int64_t y0 = y * l.sh - l.pt, x0 = x * l.sw - l.pl;
  const tap_range rows = inside(y0, l.h, l.kh, l.dh), cols = inside(x0, l.w, l.kw, l.dw);
  const int64_t first_channel = oc / l.oc_per_group() * icg;

  double sum = 0, magnitude = 0, weights = 0, highest = -std::numeric_limits<double>::infinity();
  for (int64_t c = 0; c < icg; ++c)
    for (int64_t i = rows.first; i < rows.last; ++i) {
      const float *row =
          src + ((batch * l.ic + first_channel + c) * l.h + y0 + i * l.dh) * l.w + x0;
      const float *taps = l.pool() ? nullptr : filter + ((oc * icg + c) * l.kh + i) * l.kw;
      for (int64_t j = cols.first; j < cols.last; ++j) {
        const double value = row[j * l.dw], term = taps ? value * taps[j] : value;
        sum += term;
        magnitude += std::fabs(term);
        highest = std::max(highest, value);
      }
    }
  for (int64_t i = 0; !l.pool() && i < icg * l.kh * l.kw; ++i)
    weights += std::fabs(double(filter[oc * icg * l.kh * l.kw + i]));

  const auto count = double((rows.last - rows.first) * (cols.last - cols.first));
  const double n = count * double(icg) + 1;
  const double gamma = n * unit_roundoff / (1 - n * unit_roundoff);
  const double underflow = n * 0x1p-149;
  if (l.op == operation::max_pool) return {index, highest, 0, 0};
  const double bound = gamma * magnitude + underflow;
  // |src| is at most 1 here.
  if (l.op == operation::conv) return {index, sum, bound, bound + 256 * unit_roundoff * weights};
  const double divisor = l.count_include_pad ? double(counted_with_pad(y0, l.h, l.kh, l.dh, l.pb) *
                                                      counted_with_pad(x0, l.w, l.kw, l.dw, l.pr))
                                             : count;
  // Two more roundings: the reciprocal, where one is used, and the last product.
  return {index, sum / divisor, (gamma + 2 * unit_roundoff) * magnitude / divisor + underflow, 0};
}

verdict reference::check(const float *dst, bool fast) const {
  verdict v;
  for (const point &p : points_) {
    const double value = dst[p.index], error = std::fabs(value - p.exact);
    const bool same = value == p.exact || (std::isnan(value) && std::isnan(p.exact));
    if (!same && !(error <= v.max_error)) v.max_error = error;  // NaN counts
    const double bound = fast ? p.fast_bound : p.bound;
    if (same || error <= bound || !v.right) continue;
    v.right = false;
    char text[160];
    std::snprintf(text, sizeof text, "dst[%lld] is %.9g, exact %.9g, allowed error %.2g",
                  static_cast<long long>(p.index), value, p.exact, bound);
    v.complaint = text;
  }
  return v;
}

}  // namespace swconv_bench
