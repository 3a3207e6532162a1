// SPDX-License-Identifier: MIT
// A C++ program that runs a model of fixed input shape on swconv, and on the CPU provider to compare.
//
// usage: ort_host PROVIDER_LIBRARY MODEL.onnx [OPTION=VALUE...]
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static const OrtApi *const ort = OrtGetApiBase()->GetApi(23);  // ONNX Runtime 1.23 or newer

static void check(OrtStatus *status) {
  if (status == nullptr) return;
  std::fprintf(stderr, "%s\n", ort->GetErrorMessage(status));
  std::exit(2);
}

// What a program that has an OrtSession already must add: register the library, find its device,
// append it to the session's options. All else stays as it was.
static void use_swconv(OrtEnv *env, OrtSessionOptions *options, const char *library,
                       const std::vector<std::pair<std::string, std::string>> &chosen) {
  check(ort->RegisterExecutionProviderLibrary(env, "swconv", library));
  const OrtEpDevice *const *devices = nullptr;
  size_t count = 0;
  check(ort->GetEpDevices(env, &devices, &count));
  std::vector<const OrtEpDevice *> ours;
  for (size_t i = 0; i < count; ++i)
    if (std::strcmp(ort->EpDevice_EpName(devices[i]), "SwconvExecutionProvider") == 0)
      ours.push_back(devices[i]);
  std::vector<const char *> keys, values;
  for (const auto &[key, value] : chosen) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  check(ort->SessionOptionsAppendExecutionProvider_V2(options, env, ours.data(), ours.size(),
                                                      keys.data(), values.data(), keys.size()));
}

struct result {
  std::vector<float> values;
  double milliseconds;
};

static result run(OrtEnv *env, OrtSessionOptions *options, const char *model) {
  OrtSession *session = nullptr;
  check(ort->CreateSession(env, model, options, &session));
  OrtAllocator *allocator = nullptr;
  check(ort->GetAllocatorWithDefaultOptions(&allocator));
  char *input_name = nullptr, *output_name = nullptr;
  check(ort->SessionGetInputName(session, 0, allocator, &input_name));
  check(ort->SessionGetOutputName(session, 0, allocator, &output_name));

  OrtTypeInfo *type = nullptr;
  const OrtTensorTypeAndShapeInfo *shape = nullptr;
  check(ort->SessionGetInputTypeInfo(session, 0, &type));
  check(ort->CastTypeInfoToTensorInfo(type, &shape));
  size_t rank = 0;
  check(ort->GetDimensionsCount(shape, &rank));
  std::vector<int64_t> dims(rank);
  check(ort->GetDimensions(shape, dims.data(), rank));
  ort->ReleaseTypeInfo(type);
  size_t size = 1;
  for (int64_t &d : dims) {
    d = std::max<int64_t>(d, 1);
    size *= static_cast<size_t>(d);
  }
  std::vector<float> data(size);
  for (size_t i = 0; i < size; ++i) data[i] = std::sin(0.001f * static_cast<float>(i));

  OrtMemoryInfo *memory = nullptr;
  OrtValue *input = nullptr, *output = nullptr;
  check(ort->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
  check(ort->CreateTensorWithDataAsOrtValue(memory, data.data(), size * sizeof(float), dims.data(),
                                            rank, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, &input));
  result r{{}, 1e30};
  for (int i = 0; i < 5; ++i) {
    if (output != nullptr) ort->ReleaseValue(output);
    output = nullptr;
    const auto start = std::chrono::steady_clock::now();
    check(ort->Run(session, nullptr, &input_name, &input, 1, &output_name, 1, &output));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    r.milliseconds = std::min(r.milliseconds, took.count());
  }
  size_t bytes = 0;
  const void *values = nullptr;
  check(ort->GetTensorSizeInBytes(output, &bytes));
  check(ort->GetTensorData(output, &values));
  r.values.resize(bytes / sizeof(float));
  std::memcpy(r.values.data(), values, bytes);

  ort->ReleaseValue(output);
  ort->ReleaseValue(input);
  ort->ReleaseMemoryInfo(memory);
  check(ort->AllocatorFree(allocator, input_name));
  check(ort->AllocatorFree(allocator, output_name));
  ort->ReleaseSession(session);
  return r;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: ort_host PROVIDER_LIBRARY MODEL.onnx [OPTION=VALUE...]\n");
    return 2;
  }
  std::vector<std::pair<std::string, std::string>> chosen;
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t at = argument.find('=');
    if (at != std::string::npos) chosen.emplace_back(argument.substr(0, at), argument.substr(at + 1));
  }
  OrtEnv *env = nullptr;
  OrtSessionOptions *plain = nullptr, *options = nullptr;
  check(ort->CreateEnv(ORT_LOGGING_LEVEL_WARNING, "host", &env));
  check(ort->CreateSessionOptions(&plain));
  check(ort->CreateSessionOptions(&options));
  use_swconv(env, options, argv[1], chosen);
  const result a = run(env, plain, argv[2]), b = run(env, options, argv[2]);
  ort->ReleaseSessionOptions(options);
  ort->ReleaseSessionOptions(plain);
  check(ort->UnregisterExecutionProviderLibrary(env, "swconv"));
  ort->ReleaseEnv(env);

  float largest = 0, difference = 0;
  for (size_t i = 0; i < a.values.size() && i < b.values.size(); ++i) {
    largest = std::max(largest, std::fabs(a.values[i]));
    difference = std::max(difference, std::fabs(a.values[i] - b.values[i]));
  }
  std::printf("CPU provider %.2f ms, swconv %.2f ms, largest difference %.2g of %.2g\n",
              a.milliseconds, b.milliseconds, static_cast<double>(difference),
              static_cast<double>(largest));
  return a.values.size() == b.values.size() && difference <= 1e-4f * largest ? 0 : 1;
}
