// SPDX-License-Identifier: MIT
#include "attributes.hpp"

namespace swconv_ort {

attributes::attributes(const ort_apis &apis, const node &n) : apis_(apis) {
  const OrtApi &ort = *apis.ort;
  size_t count = 0;
  check(ort, ort.Node_GetNumAttributes(n.info, &count));
  std::vector<const OrtOpAttr *> found(count);
  check(ort, ort.Node_GetAttributes(n.info, found.data(), count));
  for (const OrtOpAttr *a : found) {
    const char *name = nullptr;
    check(ort, ort.OpAttr_GetName(a, &name));
    all_.emplace_back(name, a);
  }
}

const OrtOpAttr *attributes::find(const char *name) const {
  for (const auto &[known, attribute] : all_)
    if (known == name) return attribute;
  return nullptr;
}

bool attributes::read(const char *name, OrtOpAttrType type, void *data, size_t capacity,
                      size_t &bytes) const {
  const OrtOpAttr *attribute = find(name);
  bytes = 0;
  if (attribute == nullptr) return true;
  OrtOpAttrType actual = ORT_OP_ATTR_UNDEFINED;
  check(*apis_.ort, apis_.ort->OpAttr_GetType(attribute, &actual));
  if (actual != type) return false;
  OrtStatus *status = apis_.ort->ReadOpAttr(attribute, type, data, capacity, &bytes);
  if (status == nullptr) return bytes <= capacity;
  apis_.ort->ReleaseStatus(status);
  return false;
}

bool attributes::get(const char *name, int64_t &result) const {
  int64_t data = 0;
  size_t bytes = 0;
  if (!read(name, ORT_OP_ATTR_INT, &data, sizeof data, bytes)) return false;
  if (bytes != 0) result = data;
  return true;
}

bool attributes::get(const char *name, float &result) const {
  float data = 0;
  size_t bytes = 0;
  if (!read(name, ORT_OP_ATTR_FLOAT, &data, sizeof data, bytes)) return false;
  if (bytes != 0) result = data;
  return true;
}

bool attributes::get(const char *name, std::string &result) const {
  char data[64] = {};
  size_t bytes = 0;
  if (!read(name, ORT_OP_ATTR_STRING, data, sizeof data - 1, bytes)) return false;
  if (bytes != 0) result = data;
  return true;
}

bool attributes::get(const char *name, std::vector<int64_t> &result) const {
  int64_t data[16] = {};
  size_t bytes = 0;
  if (!read(name, ORT_OP_ATTR_INTS, data, sizeof data, bytes)) return false;
  if (bytes != 0) result.assign(data, data + bytes / sizeof data[0]);
  return true;
}

}  // namespace swconv_ort
