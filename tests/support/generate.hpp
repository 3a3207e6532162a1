// SPDX-License-Identifier: MIT
/// @file generate.hpp
/// Sets of cases: full products, and covering arrays in which every pair of values of every two
/// axes occurs at least once.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "case.hpp"
#include "settings.hpp"

namespace swconv_test {

/// One field of a case and the values it takes.
template <class Case>
struct axis_of {
  int64_t Case::*field;
  std::vector<int64_t> values;
};

/// Rows of value indices, row[i] < levels[i], that cover all pairs. Greedy; the same on every
/// machine for one seed.
std::vector<std::vector<size_t>> covering_array(const std::vector<size_t> &levels, uint64_t seed);

/// Each operation on denormals costs some CPUs a hundred cycles: but for the long run they are left
/// to layers of few multiply-adds.
template <class Case>
void underflow_in_few(Case *c) {
  if (c->data == tiny && c->work() > by_effort(2e4, 2e4, 1e18)) c->data = random_data;
}

/// Cases that cover all pairs of values; seeds differ from case to case.
template <class Case>
std::vector<Case> pairwise(const Case &base, const std::vector<axis_of<Case>> &axes, uint64_t seed) {
  std::vector<size_t> levels;
  for (const auto &a : axes) levels.push_back(a.values.size());
  std::vector<Case> cases;
  for (const auto &row : covering_array(levels, seed)) {
    Case c = base;
    for (size_t i = 0; i < axes.size(); ++i) c.*axes[i].field = axes[i].values[row[i]];
    c.seed = static_cast<int64_t>(seed * 1000 + cases.size());
    underflow_in_few(&c);
    cases.push_back(c);
  }
  return cases;
}

/// All combinations.
template <class Case>
std::vector<Case> product(const Case &base, const std::vector<axis_of<Case>> &axes) {
  std::vector<Case> cases = {base};
  for (const auto &a : axes) {
    std::vector<Case> longer;
    longer.reserve(cases.size() * a.values.size());
    for (const auto &c : cases)
      for (const int64_t value : a.values) {
        longer.push_back(c);
        longer.back().*a.field = value;
      }
    cases.swap(longer);
  }
  return cases;
}

/// first, first + 1, ..., last.
std::vector<int64_t> range(int64_t first, int64_t last);

/// Sizes worth trying where lanes come in eights and sixteens: dense at first, then those around
/// multiples of a vector, up to `last`.
std::vector<int64_t> critical_sizes(int64_t dense_to, int64_t last);

/// Without those that cost more than `most` multiply-adds.
template <class Case>
std::vector<Case> cheaper_than(double most, std::vector<Case> cases) {
  cases.erase(std::remove_if(cases.begin(), cases.end(),
                             [=](const Case &c) { return c.work() > most; }),
              cases.end());
  return cases;
}

/// Every n-th case, a different residue for each seed.
template <class Case>
std::vector<Case> sample(const std::vector<Case> &cases, size_t every, size_t seed = 0) {
  std::vector<Case> some;
  for (size_t i = seed % every; i < cases.size(); i += every) some.push_back(cases[i]);
  return some;
}

}  // namespace swconv_test
