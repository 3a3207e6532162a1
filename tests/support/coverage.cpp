// SPDX-License-Identifier: MIT
#include "coverage.hpp"

#include <algorithm>
#include <iomanip>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "backend.hpp"

namespace swconv_test {
namespace {

struct counter {
  std::mutex lock;
  std::map<std::string, std::map<std::string, int64_t>> runs;  // kernel, then ISA
};

counter &counts() {
  static counter all;
  return all;
}

int64_t count_of(const std::string &isa, const std::string &kernel) {
  const auto found = counts().runs.find(kernel);
  if (found == counts().runs.end()) return 0;
  const auto cell = found->second.find(isa);
  return cell == found->second.end() ? 0 : cell->second;
}

}  // namespace

void count_run(const std::string &isa, const std::string &kernel) {
  const std::lock_guard<std::mutex> hold(counts().lock);
  ++counts().runs[kernel][isa];
}

int64_t runs_counted() {
  int64_t sum = 0;
  for (const auto &row : counts().runs)
    for (const auto &cell : row.second) sum += cell.second;
  return sum;
}

std::string coverage_table() {
  std::set<std::string> rows;
  for (const auto &i : isas()) rows.insert(i.kernels.begin(), i.kernels.end());
  size_t width = 6;
  for (const auto &kernel : rows) width = std::max(width, kernel.size());

  std::ostringstream text;
  text << std::left << std::setw(static_cast<int>(width)) << "kernel" << std::right;
  for (const auto &i : isas()) text << std::setw(12) << i.name;
  text << '\n';
  for (const auto &kernel : rows) {
    text << std::left << std::setw(static_cast<int>(width)) << kernel << std::right;
    for (const auto &i : isas()) {
      const bool exists = std::find(i.kernels.begin(), i.kernels.end(), kernel) != i.kernels.end();
      if (exists)
        text << std::setw(12) << count_of(i.name, kernel);
      else
        text << std::setw(12) << '-';
    }
    text << '\n';
  }
  return text.str();
}

std::string uncovered_kernels() {
  std::string missing;
  for (const auto &i : isas())
    for (const auto &kernel : i.kernels)
      if (count_of(i.name, kernel) == 0) missing += i.name + " " + kernel + "\n";
  return missing;
}

}  // namespace swconv_test
