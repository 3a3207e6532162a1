// SPDX-License-Identifier: MIT
// What the nodes of one session share: options, log, workspaces, and how many threads there are.
#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "layer.hpp"
#include "options.hpp"
#include "ort.hpp"

namespace swconv_ort {

using swconv_integration::allocate;
using swconv_integration::buffer;

class session {
 public:
  session(const ort_apis &a, const OrtLogger *logger, options o);

  const ort_apis &apis() const { return apis_; }
  const options &chosen() const { return options_; }
  // A line in the log of ONNX Runtime. It is a warning there, since those are shown by default.
  void say(const std::string &message) const;

  // Workspaces grow and are kept; there are as many as ever ran at once.
  buffer borrow(size_t bytes);
  void give_back(buffer b);

  // Threads to plan for. Before the first run it is what the options say, or a guess.
  int threads() const { return threads_.load(std::memory_order_relaxed); }
  // Counts the session's intra-op pool, in its first few runs, since no function tells.
  void count_threads(OrtKernelContext &context);

 private:
  const ort_apis &apis_;
  const OrtLogger *logger_;
  options options_;
  std::mutex mutex_;
  std::vector<buffer> free_;
  std::atomic<int> threads_, counts_left_{0};
};

// swconv's parallel loop on the threads that ONNX Runtime has already: none are added.
class crew {
 public:
  crew(const OrtApi &ort, OrtKernelContext &context, int count);
  crew(const crew &) = delete;
  crew &operator=(const crew &) = delete;
  const swconv_threads *get() const { return interface_.num_threads > 1 ? &interface_ : nullptr; }

 private:
  const OrtApi &ort_;
  OrtKernelContext &context_;
  swconv_threads interface_;
};

}  // namespace swconv_ort
