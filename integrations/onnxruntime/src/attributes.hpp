// SPDX-License-Identifier: MIT
// A node's attributes. Each getter leaves its result alone where the attribute is absent, and says
// false where it is there but not what it should be.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "graph.hpp"

namespace swconv_ort {

class attributes {
 public:
  attributes(const ort_apis &apis, const node &n);
  bool get(const char *name, int64_t &result) const;
  bool get(const char *name, float &result) const;
  bool get(const char *name, std::string &result) const;
  bool get(const char *name, std::vector<int64_t> &result) const;

 private:
  const OrtOpAttr *find(const char *name) const;
  bool read(const char *name, OrtOpAttrType type, void *data, size_t capacity, size_t &bytes) const;

  const ort_apis &apis_;
  std::vector<std::pair<std::string, const OrtOpAttr *>> all_;
};

}  // namespace swconv_ort
