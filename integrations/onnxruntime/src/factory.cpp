// SPDX-License-Identifier: MIT
// The two functions that ONNX Runtime looks for, and the factory they give.
#include <swconv/swconv.h>

#include <memory>

#include "ep.hpp"

namespace swconv_ort {
namespace {

struct factory : OrtEpFactory {
  ort_apis apis;
  std::string version;

  explicit factory(const ort_apis &a) : OrtEpFactory{}, apis(a) {
    const uint32_t v = swconv_version();
    version = std::to_string(v / 1000000) + "." + std::to_string(v / 1000 % 1000) + "." +
              std::to_string(v % 1000);
    ort_version_supported = api_version;
    OrtEpFactory::GetName = [](const OrtEpFactory *) noexcept { return provider_name; };
    OrtEpFactory::GetVendor = [](const OrtEpFactory *) noexcept { return "swconv"; };
    OrtEpFactory::GetVendorId = [](const OrtEpFactory *) noexcept { return uint32_t{0}; };
    OrtEpFactory::GetVersion = [](const OrtEpFactory *self) noexcept {
      return static_cast<const factory *>(self)->version.c_str();
    };
    OrtEpFactory::GetSupportedDevices = [](OrtEpFactory *self,
                                           const OrtHardwareDevice *const *devices, size_t count,
                                           OrtEpDevice **ep_devices, size_t most,
                                           size_t *found) noexcept {
      const ort_apis &ours = static_cast<factory *>(self)->apis;
      return guarded(*ours.ort, [&] {
        *found = 0;
        for (size_t i = 0; i < count && *found < most; ++i) {
          if (ours.ort->HardwareDevice_Type(devices[i]) != OrtHardwareDeviceType_CPU) continue;
          check(*ours.ort,
                ours.ep->CreateEpDevice(self, devices[i], nullptr, nullptr, &ep_devices[*found]));
          ++*found;
        }
      });
    };
    OrtEpFactory::CreateEp = [](OrtEpFactory *self, const OrtHardwareDevice *const *,
                                const OrtKeyValuePairs *const *, size_t,
                                const OrtSessionOptions *session, const OrtLogger *logger,
                                OrtEp **ep) noexcept {
      const ort_apis &ours = static_cast<factory *>(self)->apis;
      *ep = nullptr;
      return guarded(*ours.ort, [&] {
        *ep = std::make_unique<provider>(ours, logger, read_options(ours, *session, provider_name))
                  .release();
      });
    };
    OrtEpFactory::ReleaseEp = [](OrtEpFactory *, OrtEp *ep) noexcept {
      delete static_cast<provider *>(ep);
    };
    // Tensors are plain memory of the CPU provider: no allocator, no copies, no streams of our own.
    OrtEpFactory::CreateAllocator = [](OrtEpFactory *, const OrtMemoryInfo *,
                                       const OrtKeyValuePairs *,
                                       OrtAllocator **allocator) noexcept -> OrtStatus * {
      *allocator = nullptr;
      return nullptr;
    };
    OrtEpFactory::ReleaseAllocator = [](OrtEpFactory *, OrtAllocator *) noexcept {};
    OrtEpFactory::CreateDataTransfer = [](OrtEpFactory *,
                                          OrtDataTransferImpl **transfer) noexcept -> OrtStatus * {
      *transfer = nullptr;
      return nullptr;
    };
    OrtEpFactory::IsStreamAware = [](const OrtEpFactory *) noexcept { return false; };
    OrtEpFactory::CreateSyncStreamForDevice =
        [](OrtEpFactory *, const OrtMemoryDevice *, const OrtKeyValuePairs *,
           OrtSyncStreamImpl **stream) noexcept -> OrtStatus * {
      *stream = nullptr;
      return nullptr;
    };
  }
};

}  // namespace
}  // namespace swconv_ort

extern "C" {

__attribute__((visibility("default"))) OrtStatus *CreateEpFactories(const char *,
                                                                    const OrtApiBase *base,
                                                                    const OrtLogger *,
                                                                    OrtEpFactory **factories,
                                                                    size_t most, size_t *count) {
  using namespace swconv_ort;
  const OrtApi *ort = base->GetApi(api_version);
  // Without this API there is no way to say so but the oldest one's.
  if (ort == nullptr)
    return base->GetApi(1)->CreateStatus(ORT_FAIL, "swconv needs ONNX Runtime 1.23 or newer");
  return guarded(*ort, [&] {
    *count = 0;
    if (most < 1) throw failure(ORT_INVALID_ARGUMENT, "swconv: no room for a factory");
    if (swconv_abi_version() != SWCONV_ABI_VERSION)
      throw failure(ORT_FAIL, "swconv: the library has another binary interface than expected");
    const ort_apis apis{ort, ort->GetEpApi()};
    factories[0] = std::make_unique<factory>(apis).release();
    *count = 1;
  });
}

__attribute__((visibility("default"))) OrtStatus *ReleaseEpFactory(OrtEpFactory *factory) {
  delete static_cast<swconv_ort::factory *>(factory);
  return nullptr;
}
}
