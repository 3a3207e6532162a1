// SPDX-License-Identifier: MIT
/// @file failure.hpp
/// How a failure is told: a status, and for those who asked the field, its value and a sentence.
#pragma once

#include <stdio.h>

#include "namespace.hpp"
#include "swconv.h"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// Fill `error` (a full-size struct or NULL) and return `status`. The message reads
/// "stride[2] = 0: must be at least 1".
SWCONV_COLD inline swconv_status report_failure(swconv_error *error, swconv_status status, const char *field,
                                    int64_t value, const char *sentence) noexcept {
  if (error != nullptr) {
    error->status = status;
    error->value = value;
    snprintf(error->field, sizeof error->field, "%s", field);
    snprintf(error->message, sizeof error->message, "%s = %lld: %s", field,
             static_cast<long long>(value), sentence);
  }
  return status;
}

/// The same for a pointer that must not be NULL.
inline swconv_status report_null(swconv_error *error, const char *field) noexcept {
  return report_failure(error, SWCONV_INVALID_ARGUMENT, field, 0, "must not be NULL");
}

}  // namespace detail
SWCONV_END_NAMESPACE
