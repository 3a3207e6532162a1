// SPDX-License-Identifier: MIT
#include "generate.hpp"

namespace swconv_test {
namespace {

class random_numbers {
 public:
  explicit random_numbers(uint64_t seed) : state_(seed * 2 + 1) {}
  size_t below(size_t n) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>((state_ >> 33) % n);
  }

 private:
  uint64_t state_;
};

}  // namespace

std::vector<std::vector<size_t>> covering_array(const std::vector<size_t> &levels, uint64_t seed) {
  const size_t axes = levels.size();
  // open[i][j][a * levels[j] + b]: the pair (axis i = a, axis j = b), i < j, is not covered yet.
  std::vector<std::vector<std::vector<bool>>> open(axes);
  size_t left = 0;
  for (size_t i = 0; i < axes; ++i) {
    open[i].resize(axes);
    for (size_t j = i + 1; j < axes; ++j) {
      open[i][j].assign(levels[i] * levels[j], true);
      left += levels[i] * levels[j];
    }
  }
  const auto is_open = [&](size_t i, size_t a, size_t j, size_t b) {
    return i < j ? open[i][j][a * levels[j] + b] : open[j][i][b * levels[i] + a];
  };

  random_numbers random(seed);
  std::vector<std::vector<size_t>> rows;
  while (left > 0) {
    // Start from an open pair, so that each row makes progress; the first one found from a random
    // place on.
    std::vector<size_t> row(axes);
    std::vector<bool> set(axes, false);
    const size_t offset = random.below(axes);
    for (size_t step = 0; step < axes; ++step) {
      const size_t i = (offset + step) % axes;
      bool found = false;
      for (size_t j = i + 1; j < axes && !found; ++j)
        for (size_t at = 0; at < open[i][j].size() && !found; ++at)
          if (open[i][j][at]) {
            row[i] = at / levels[j];
            row[j] = at % levels[j];
            set[i] = set[j] = found = true;
          }
      if (found) break;
    }
    // Then give each other axis the value that closes most pairs with those already set.
    const size_t first = random.below(axes);
    for (size_t step = 0; step < axes; ++step) {
      const size_t i = (first + step) % axes;
      if (set[i]) continue;
      size_t best = 0, best_gain = 0;
      const size_t shift = random.below(levels[i]);
      for (size_t v = 0; v < levels[i]; ++v) {
        const size_t value = (v + shift) % levels[i];
        size_t gain = 1;
        for (size_t j = 0; j < axes; ++j)
          if (set[j] && is_open(i, value, j, row[j])) ++gain;
        if (gain > best_gain) {
          best = value;
          best_gain = gain;
        }
      }
      row[i] = best;
      set[i] = true;
    }
    for (size_t i = 0; i < axes; ++i)
      for (size_t j = i + 1; j < axes; ++j) {
        const size_t at = row[i] * levels[j] + row[j];
        if (open[i][j][at]) {
          open[i][j][at] = false;
          --left;
        }
      }
    rows.push_back(row);
  }
  if (rows.empty()) rows.emplace_back(axes, 0);
  return rows;
}

std::vector<int64_t> range(int64_t first, int64_t last) {
  std::vector<int64_t> values;
  for (int64_t v = first; v <= last; ++v) values.push_back(v);
  return values;
}

std::vector<int64_t> critical_sizes(int64_t dense_to, int64_t last) {
  auto values = range(0, dense_to);
  for (int64_t v = dense_to + 1; v <= last; ++v)
    if (v % 16 <= 1 || v % 16 == 15 || v % 16 == 7) values.push_back(v);
  return values;
}

}  // namespace swconv_test
