// SPDX-License-Identifier: MIT
// The C ABI, part three: sliding sums.
#include "choice.hpp"
#include "structs.hpp"

namespace swconv {
namespace dispatch {
namespace {

swconv_status call(const swconv_sliding_params *given, const void *src, void *dst, void *workspace,
                   size_t workspace_bytes, size_t *needed, swconv_error *error) noexcept {
  swconv_sliding_params params;
  choice chosen;
  swconv_status status = read(given, &params, error);
  if (status == SWCONV_OK) status = choose(nullptr, &chosen, error);
  if (status != SWCONV_OK) return status;
  return chosen.table->sliding(&params, src, dst, workspace, workspace_bytes, needed, error);
}

}  // namespace
}  // namespace dispatch
}  // namespace swconv

using namespace swconv::dispatch;

extern "C" {

swconv_status swconv_sliding_workspace(const swconv_sliding_params *params, uint32_t in_place,
                                       size_t *bytes, swconv_error *given_error) {
  error_target error(given_error);
  if (bytes == nullptr) return swconv::detail::report_null(error, "bytes");
  // No element is looked at: what counts is whether the two are the same.
  double somewhere[2];
  return call(params, &somewhere[0], &somewhere[in_place ? 0 : 1], nullptr, 0, bytes, error);
}

swconv_status swconv_sliding_sum(const swconv_sliding_params *params, const void *src, void *dst,
                                 void *workspace, size_t workspace_bytes,
                                 swconv_error *given_error) {
  error_target error(given_error);
  return call(params, src, dst, workspace, workspace_bytes, nullptr, error);
}

}  // extern "C"
