// SPDX-License-Identifier: MIT
// A series of measurements, one number per line: its moving maximum, and its exponential average by
// an operator of our own.
//
// The average y[t] = (1 - a) y[t-1] + a x[t] is a first-order recurrence. Each step maps y to
// u y + v; maps compose associatively, but do not commute. Composed over all samples up to t they
// give y[t], over the last w of them an average that forgets what is older.
#include <cmath>
#include <cstdio>
#include <fstream>
#include <swconv/sliding_sum.hpp>
#include <vector>

struct map {  // y -> u y + v
  double u, v;
};
static map then(map first, map second) {
  return {first.u * second.u, first.v * second.u + second.v};
}

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FILE\n", argv[0]);
    return 2;
  }
  std::vector<double> series;
  std::ifstream file(argv[1]);
  for (double x; file >> x;) series.push_back(x);
  if (series.empty()) return 1;
  const auto n = static_cast<int64_t>(series.size());

  // The highest of the last 24 samples; fewer at the beginning.
  std::vector<double> highest(series.size());
  swconv::sliding_options<double> last;
  last.edges = swconv::edges::truncated;
  last.before = 23;
  auto ok = swconv::sliding_sum(series.data(), highest.data(), n, 24, swconv::ops::max(), last);
  if (ok != swconv::status::ok) return 1;

  const double a = 0.125;
  std::vector<map> steps(series.size());
  for (size_t t = 0; t < steps.size(); ++t) steps[t] = {1 - a, a * series[t]};
  steps[0] = {0, series[0]};  // begins with the first sample, whatever was before
  swconv::sliding_options<map> all;
  all.edges = swconv::edges::truncated;
  all.before = n - 1;
  ok = swconv::sliding_sum(steps.data(), steps.data(), n, n, then, all);
  if (ok != swconv::status::ok) return 1;

  double y = series[0], worst = 0;  // the recurrence, one step after the other
  for (size_t t = 0; t < steps.size(); ++t) {
    if (t > 0) y = (1 - a) * y + a * series[t];
    worst = std::fmax(worst, std::fabs(y - steps[t].v));
  }
  std::printf("%d samples; last: %.2f, highest of 24: %.2f, average: %.3f\n", static_cast<int>(n),
              series.back(), highest.back(), steps.back().v);
  std::printf("%s the plain loop\n", worst < 1e-9 ? "as" : "NOT as");
  return worst < 1e-9 ? 0 : 1;
}
