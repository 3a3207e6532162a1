// SPDX-License-Identifier: MIT
#include "backend.hpp"

#include <algorithm>
#include <cstdlib>

namespace swconv_test {
namespace {

std::vector<std::string> names_of(size_t count, const std::vector<const char *> &names) {
  return std::vector<std::string>(names.begin(), names.begin() + static_cast<long>(count));
}

isa make_isa(const std::string &name) {
  isa result{name, 4, name != "sse2", {}, {}};
  if (name == "avx512") result.lanes = 16;
  if (name == "avx2") result.lanes = 8;
  std::vector<const char *> names(library().kernels(name.c_str(), nullptr, 0));
  result.kernels = names_of(library().kernels(name.c_str(), names.data(), names.size()), names);
  for (const auto &kernel : result.kernels) {
    const auto family = kernel.substr(0, kernel.find('/'));
    if (std::find(result.families.begin(), result.families.end(), family) == result.families.end())
      result.families.push_back(family);
  }
  return result;
}

}  // namespace

bool isa::has_kernel(const std::string &prefix) const {
  return std::any_of(kernels.begin(), kernels.end(), [&](const std::string &kernel) {
    return kernel.compare(0, prefix.size(), prefix) == 0;
  });
}

const std::vector<isa> &isas() {
  static const std::vector<isa> all = [] {
    std::vector<const char *> names(library().isas(nullptr, 0));
    std::vector<isa> found;
    const char *only = std::getenv("SWCONV_TEST_ISA");
    for (const auto &name : names_of(library().isas(names.data(), names.size()), names))
      if (!only || name == only) found.push_back(make_isa(name));
    return found;
  }();
  return all;
}

}  // namespace swconv_test
