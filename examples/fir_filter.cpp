// SPDX-License-Identifier: MIT
// A low-pass FIR filter on a signal file, linked.
//
//   fir_filter IN.txt OUT.txt CUTOFF [TAPS]
//
// IN.txt: one sample per line. CUTOFF: part of the sampling rate, 0 to 0.5. The result has as many
// samples, is centred (no delay), and sees zeros before and after the signal.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <swconv/linked.hpp>
#include <vector>

// A sinc, cut to `count` taps by a Hann window, with sum 1.
static std::vector<float> low_pass(int count, double cutoff) {
  const double pi = std::acos(-1.0);
  std::vector<double> taps;
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const double x = i - (count - 1) / 2.0;
    const double sinc = x == 0 ? 2 * cutoff : std::sin(2 * pi * cutoff * x) / (pi * x);
    taps.push_back(sinc * (0.5 + 0.5 * std::cos(2 * pi * x / (count + 1))));
    sum += taps.back();
  }
  std::vector<float> result;
  for (const double t : taps) result.push_back(float(t / sum));
  return result;
}

int main(int argc, char **argv) {
  const double cutoff = argc > 3 ? std::atof(argv[3]) : 0;
  const int count = argc > 4 ? std::atoi(argv[4]) : 101;
  if (cutoff <= 0 || cutoff > 0.5 || count < 1) {
    std::fprintf(stderr, "usage: fir_filter IN.txt OUT.txt CUTOFF [TAPS]\n");
    return 2;
  }
  std::ifstream in(argv[1]);
  const std::vector<float> src{std::istream_iterator<float>(in), std::istream_iterator<float>()};
  if (src.empty()) {
    std::fprintf(stderr, "%s holds no numbers\n", argv[1]);
    return 1;
  }
  const auto taps = low_pass(count, cutoff);
  std::vector<float> dst(src.size());

  auto params = swconv::conv_params::conv1d(1, 1, int64_t(src.size()), 1, count);
  params.pads(count / 2, count - 1 - count / 2);
  swconv::error error;
  if (swconv::linked::conv(params, src.data(), taps.data(), nullptr, dst.data(), nullptr, &error) !=
      swconv::status::ok) {
    std::fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  std::ofstream out(argv[2]);
  for (const float x : dst) out << x << '\n';
  return out.flush() ? 0 : 1;
}
