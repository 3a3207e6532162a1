// SPDX-License-Identifier: MIT
#include "graph.hpp"

namespace swconv_ort {

graph::graph(const ort_apis &apis, const OrtGraph &source) : apis_(apis) {
  const OrtApi &ort = *apis.ort;
  size_t count = 0;
  check(ort, ort.Graph_GetNumNodes(&source, &count));
  std::vector<const OrtNode *> infos(count);
  check(ort, ort.Graph_GetNodes(&source, infos.data(), count));
  for (size_t i = 0; i < count; ++i) {
    auto n = std::make_unique<node>();
    n->info = infos[i];
    n->index = i;
    const char *text = nullptr;
    check(ort, ort.Node_GetName(n->info, &text));
    n->name = text;
    check(ort, ort.Node_GetOperatorType(n->info, &text));
    n->op = text;
    check(ort, ort.Node_GetDomain(n->info, &text));
    n->domain = text;
    check(ort, ort.Node_GetSinceVersion(n->info, &n->since));

    size_t inputs = 0, outputs = 0, implicit = 0;
    check(ort, ort.Node_GetNumInputs(n->info, &inputs));
    check(ort, ort.Node_GetNumOutputs(n->info, &outputs));
    check(ort, ort.Node_GetNumImplicitInputs(n->info, &implicit));
    std::vector<const OrtValueInfo *> ends(inputs);
    check(ort, ort.Node_GetInputs(n->info, ends.data(), inputs));
    for (const OrtValueInfo *end : ends) {
      value *v = intern(end);
      if (v != nullptr) v->readers.push_back(n.get());
      n->inputs.push_back(v);
    }
    // What a nested graph reads cannot be fused away.
    ends.assign(implicit, nullptr);
    check(ort, ort.Node_GetImplicitInputs(n->info, ends.data(), implicit));
    for (const OrtValueInfo *end : ends)
      if (value *v = intern(end)) v->readers.push_back(n.get());
    ends.assign(outputs, nullptr);
    check(ort, ort.Node_GetOutputs(n->info, ends.data(), outputs));
    for (const OrtValueInfo *end : ends) n->outputs.push_back(intern(end));
    nodes_.push_back(std::move(n));
  }
}

value *graph::intern(const OrtValueInfo *info) {
  if (info == nullptr) return nullptr;
  const char *name = nullptr;
  check(*apis_.ort, apis_.ort->GetValueInfoName(info, &name));
  std::unique_ptr<value> &slot = values_[name];
  if (!slot) {
    slot = std::make_unique<value>();
    slot->info = info;
    slot->name = name;
    describe(*slot);
  }
  return slot.get();
}

void graph::describe(value &v) const {
  const OrtApi &ort = *apis_.ort;
  check(ort, ort.ValueInfo_IsConstantInitializer(v.info, &v.constant));
  check(ort, ort.ValueInfo_IsGraphOutput(v.info, &v.graph_output));
  const OrtTypeInfo *type = nullptr;
  check(ort, ort.GetValueInfoTypeInfo(v.info, &type));
  if (type == nullptr) return;
  const OrtTensorTypeAndShapeInfo *tensor = nullptr;
  check(ort, ort.CastTypeInfoToTensorInfo(type, &tensor));
  if (tensor == nullptr) return;
  ONNXTensorElementDataType element = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  check(ort, ort.GetTensorElementType(tensor, &element));
  v.is_float = element == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
  size_t rank = 0;
  check(ort, ort.GetDimensionsCount(tensor, &rank));
  v.dims.resize(rank);
  std::vector<const char *> symbols(rank);
  check(ort, ort.GetDimensions(tensor, v.dims.data(), rank));
  check(ort, ort.GetSymbolicDimensions(tensor, symbols.data(), rank));
  for (const char *symbol : symbols) v.symbols.emplace_back(symbol == nullptr ? "" : symbol);
}

const float *graph::floats(const value &v, size_t &count) const {
  if (!v.constant || !v.is_float) return nullptr;
  const OrtApi &ort = *apis_.ort;
  const OrtValue *tensor = nullptr;
  check(ort, ort.ValueInfo_GetInitializerValue(v.info, &tensor));
  if (tensor == nullptr) return nullptr;
  size_t bytes = 0;
  check(ort, ort.GetTensorSizeInBytes(tensor, &bytes));
  count = bytes / sizeof(float);
  const void *data = nullptr;
  check(ort, ort.GetTensorData(tensor, &data));
  return static_cast<const float *>(data);
}

bool graph::scalar(const value *v, float &result) const {
  if (v == nullptr) return false;
  for (const int64_t d : v->dims)
    if (d != 1) return false;
  size_t count = 0;
  const float *data = floats(*v, count);
  if (data == nullptr || count != 1) return false;
  result = *data;
  return true;
}

}  // namespace swconv_ort
