// SPDX-License-Identifier: MIT
/// @file backend.hpp
/// The implementation under test, chosen at link time: each test program links exactly one of
/// backend_linked.cpp (the C ABI), backend_header.cpp (swconv.hpp) and a toy made to be wrong.
/// The functions have the signatures and the contracts of swconv.h.
#pragma once

#include <string>
#include <vector>

#include "swconv/swconv.h"

namespace swconv_test {

struct backend {
  size_t (*isas)(const char **names, size_t capacity);
  size_t (*kernels)(const char *isa, const char **names, size_t capacity);
  swconv_status (*conv_plan)(const swconv_conv_params *, const swconv_plan_options *,
                             const swconv_allocator *, swconv_plan **, swconv_error *);
  swconv_status (*pool_plan)(const swconv_pool_params *, const swconv_plan_options *,
                             const swconv_allocator *, swconv_plan **, swconv_error *);
  void (*destroy)(swconv_plan *);
  swconv_status (*get_info)(const swconv_plan *, swconv_plan_info *);
  size_t (*describe)(const swconv_plan *, char *text, size_t capacity);
  swconv_status (*pack)(const swconv_plan *, const void *filter, void *packed, size_t packed_bytes,
                        swconv_error *);
  swconv_status (*run)(const swconv_plan *, const swconv_run_args *, swconv_error *);
};

/// Defined by the one backend that this program links.
const backend &library();

/// An instruction set to test on.
struct isa {
  std::string name;
  int64_t lanes;
  bool has_fma;
  std::vector<std::string> kernels;   ///< all of swconv_kernels()
  std::vector<std::string> families;  ///< what stands before the '/' in them, each once

  /// Not every kernel is on every instruction set (the fast ones are not on SSE2).
  bool has_kernel(const std::string &prefix) const;
};

/// Every instruction set this build holds and this CPU supports, best first. SWCONV_TEST_ISA
/// names a single one. Main refuses to run on an empty list.
const std::vector<isa> &isas();

/// Destroys a plan at the end of a scope.
class plan_owner {
 public:
  plan_owner() = default;
  plan_owner(const plan_owner &) = delete;
  plan_owner &operator=(const plan_owner &) = delete;
  ~plan_owner() { library().destroy(plan_); }
  swconv_plan **out() { return &plan_; }
  const swconv_plan *get() const { return plan_; }
  swconv_plan_info info() const {
    swconv_plan_info i{};
    i.struct_size = sizeof i;
    library().get_info(plan_, &i);
    return i;
  }

 private:
  swconv_plan *plan_ = nullptr;
};

}  // namespace swconv_test
