// SPDX-License-Identifier: MIT
// The convolutions of MobileNetV3-Large's bottleneck blocks at their real shapes (224x224 images,
// without squeeze-and-excite), once by im2col and SGEMM, once by swconv: same results, time and
// memory of each. Random weights.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <random>

#include "convolution.hpp"

// Input channels, expanded, output channels, input size, kernel, stride.
struct block {
  int in, expanded, out, size, kernel, stride;
};
constexpr block blocks[] = {
    {16, 64, 24, 112, 3, 2},  {24, 72, 24, 56, 3, 1},    {24, 72, 40, 56, 5, 2},
    {40, 120, 40, 28, 5, 1},  {40, 240, 80, 28, 3, 2},   {80, 200, 80, 14, 3, 1},
    {80, 480, 112, 14, 3, 1}, {112, 672, 160, 14, 5, 2}, {160, 960, 160, 7, 5, 1},
};

using maker = std::function<std::unique_ptr<convolution>(
    const layer_shape &, const std::vector<float> &, const std::vector<float> &)>;

class network {
 public:
  explicit network(const maker &make) {
    std::mt19937 random(1);
    for (const block &b : blocks) {
      const int half = (b.size - 1) / b.stride + 1;
      const bool residual = b.in == b.out && b.stride == 1;
      add(make, {b.in, b.expanded, b.size, 1, 1, 1, true, false}, random);
      add(make, {b.expanded, b.expanded, b.size, b.kernel, b.stride, b.expanded, true, false},
          random);
      add(make, {b.expanded, b.out, half, 1, 1, 1, false, residual}, random);
    }
  }

  /// The last block's result. Blocks of equal ends feed each other.
  const std::vector<float> &run(const std::vector<float> &image) {
    const std::vector<float> *src = &image;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      layers_[i]->run(src->data(), i % 3 == 2 ? block_input(i, image) : nullptr,
                      results_[i].data());
      src = &results_[i];
    }
    return results_.back();
  }
  /// Layers run one after the other, so they share the largest.
  std::size_t extra_bytes() const {
    std::size_t most = 0;
    for (const auto &l : layers_) most = std::max(most, l->extra_bytes());
    return most;
  }

 private:
  void add(const maker &make, const layer_shape &s, std::mt19937 &random) {
    std::vector<float> filter(s.filter_count()), bias(std::size_t(s.out));
    const float range = std::sqrt(6.0f / float(s.in / s.groups * s.kernel * s.kernel));
    std::uniform_real_distribution<float> weight(-range, range);
    for (float &w : filter) w = weight(random);
    for (float &b : bias) b = weight(random) / 8;
    layers_.push_back(make(s, filter, bias));
    results_.emplace_back(s.dst_count());
  }
  const float *block_input(std::size_t i, const std::vector<float> &image) const {
    return i >= 3 ? results_[i - 3].data() : image.data();
  }

  std::vector<std::unique_ptr<convolution>> layers_;
  std::vector<std::vector<float>> results_;
};

static double milliseconds(network &net, const std::vector<float> &image) {
  double best = 1e9;
  for (int i = 0; i < 10; ++i) {
    const auto start = std::chrono::steady_clock::now();
    net.run(image);
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count());
  }
  return best;
}

int main() {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> pixel(-1, 1);
  std::vector<float> image(layer_shape{16, 64, 112, 1, 1, 1, true, false}.src_count());
  for (float &x : image) x = pixel(random);

  network before(make_im2col), after(make_swconv);
  const auto &a = before.run(image), &b = after.run(image);
  float largest = 0, difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  const double old_ms = milliseconds(before, image), new_ms = milliseconds(after, image);
  std::printf("im2col + SGEMM  %7.2f ms, %7zu KiB of columns\n", old_ms,
              before.extra_bytes() / 1024);
  std::printf("swconv          %7.2f ms, %7zu KiB of workspace\n", new_ms,
              after.extra_bytes() / 1024);
  const bool agree = largest > 0 && difference <= 1e-4f * largest;
  std::printf("%.1f times as fast; results %s (largest difference %.1e of %.1e)\n", old_ms / new_ms,
              agree ? "agree" : "DIFFER", double(difference), double(largest));
  return agree ? 0 : 1;
}
