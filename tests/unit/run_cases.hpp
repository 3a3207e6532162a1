// SPDX-License-Identifier: MIT
/// @file run_cases.hpp
/// A list of cases as a GoogleTest assertion.
#pragma once

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "check.hpp"
#include "thread_sources.hpp"

namespace swconv_test {

/// Checks cases on all cores until `limit` have failed; returns what is wrong with those.
template <class Case>
std::vector<std::string> failures_of(const std::vector<Case> &cases, const scope &s, size_t limit) {
  std::vector<std::string> failures;
  std::mutex lock;
  parallel_cases(static_cast<int64_t>(cases.size()), [&](int64_t i) {
    {
      const std::lock_guard<std::mutex> hold(lock);
      if (failures.size() >= limit) return;
    }
    const auto wrong = check(cases[static_cast<size_t>(i)], s);
    if (wrong.empty()) return;
    const std::lock_guard<std::mutex> hold(lock);
    failures.push_back(wrong);
  });
  return failures;
}

/// A test over no cases fails: it tests nothing.
template <class Case>
void run_cases(const std::vector<Case> &cases, const scope &s = {}) {
  EXPECT_FALSE(cases.empty());
  for (const auto &wrong : failures_of(cases, s, 5)) ADD_FAILURE() << wrong;
}

}  // namespace swconv_test
