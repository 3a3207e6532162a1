// SPDX-License-Identifier: MIT
// A compiled node: what ONNX Runtime calls for every run.
#pragma once
#include <limits>
#include <string>

#include "match.hpp"
#include "session.hpp"

namespace swconv_ort {

using swconv_integration::layer;
using swconv_integration::prepared;

class kernel : public OrtNodeComputeInfo {
 public:
  // `g` is the graph of the fused nodes; it need not outlive the call.
  kernel(session &owner, const graph &g, const match &m, const OrtNode &fused);

  // A line for the report: what it is, on what, how often it ran, and its best time.
  std::string report() const;

 private:
  void compute(OrtKernelContext &context);
  void run(const prepared &p, OrtKernelContext &context, const void *src, const void *residual,
           void *dst);
  void run_spread(const shape &src, OrtKernelContext &context, const void *data,
                  const OrtValue &residual, const std::vector<int64_t> &residual_dims);
  int threads_for(const shape &src) const;
  std::vector<int64_t> onnx_dims(const shape &s) const;

  session &session_;
  std::string name_, operators_;
  size_t nodes_, src_input_ = 0, residual_input_ = 0;
  layer layer_;
  mutable std::mutex report_mutex_;
  int64_t calls_ = 0, fastest_ = std::numeric_limits<int64_t>::max();  // nanoseconds
  std::shared_ptr<const prepared> last_plan_;
};

}  // namespace swconv_ort
