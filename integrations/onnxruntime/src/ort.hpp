// SPDX-License-Identifier: MIT
// The little of ONNX Runtime's C API that everything here shares: its function tables, its errors.
#pragma once
#include <onnxruntime_c_api.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace swconv_ort {

// The oldest API that has execution provider plugins. Asking for it, rather than for what the
// headers know, lets one build run in every later version.
constexpr uint32_t api_version = 23;

struct ort_apis {
  const OrtApi *ort = nullptr;
  const OrtEpApi *ep = nullptr;
};

// An error on its way to ONNX Runtime.
class failure : public std::runtime_error {
 public:
  failure(OrtErrorCode c, const std::string &message) : std::runtime_error(message), code(c) {}
  OrtErrorCode code;
};

inline void check(const OrtApi &ort, OrtStatus *status) {
  if (status == nullptr) return;
  const failure thrown(ort.GetErrorCode(status), ort.GetErrorMessage(status));
  ort.ReleaseStatus(status);
  throw thrown;
}

// Runs `body`; no exception leaves the library.
template <typename F>
OrtStatus *guarded(const OrtApi &ort, F body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const failure &e) {
    return ort.CreateStatus(e.code, e.what());
  } catch (const std::invalid_argument &e) {
    return ort.CreateStatus(ORT_INVALID_ARGUMENT, e.what());
  } catch (const std::exception &e) {
    return ort.CreateStatus(ORT_FAIL, e.what());
  } catch (...) {
    return ort.CreateStatus(ORT_FAIL, "swconv: unknown error");
  }
}

}  // namespace swconv_ort
