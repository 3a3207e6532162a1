// SPDX-License-Identifier: MIT
// The execution provider of one session.
#pragma once
#include <string>

#include "match.hpp"
#include "session.hpp"

namespace swconv_ort {

constexpr const char *provider_name = "SwconvExecutionProvider";

class provider : public OrtEp {
 public:
  provider(const ort_apis &apis, const OrtLogger *logger, options chosen);

 private:
  void get_capability(const OrtGraph &source, OrtEpGraphSupportInfo &support);
  void compile(const OrtGraph &source, const OrtNode &fused, OrtNodeComputeInfo *&result);
  void write_report(OrtNodeComputeInfo *const *infos, size_t count) const;
  std::string refuse(const match &m) const;

  session session_;
};

}  // namespace swconv_ort
