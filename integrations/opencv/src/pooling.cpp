// SPDX-License-Identifier: MIT
#include <memory>
#include <opencv2/dnn/all_layers.hpp>

#include "layers.hpp"
#include "run.hpp"

namespace swconv_opencv {
namespace {

namespace dnn = cv::dnn;

class pooling : public dnn::PoolingLayer {
 public:
  explicit pooling(dnn::LayerParams &params) : own_(dnn::PoolingLayer::create(params)) {
    setParamsFrom(params);
    dnn::PoolingLayer &o = *own_;
    type = o.type;
    kernel_size = o.kernel_size;
    strides = o.strides;
    pads_begin = o.pads_begin;
    pads_end = o.pads_end;
    globalPooling = o.globalPooling;
    isGlobalPooling = o.isGlobalPooling;
    computeMaxIdx = o.computeMaxIdx;
    padMode = o.padMode;
    ceilMode = o.ceilMode;
    avePoolPaddedArea = o.avePoolPaddedArea;
  }

  bool supportBackend(int backend) override { return backend == dnn::DNN_BACKEND_OPENCV; }
  bool getMemoryShapes(const std::vector<dnn::MatShape> &inputs, int wanted,
                       std::vector<dnn::MatShape> &outputs,
                       std::vector<dnn::MatShape> &internals) const override {
    return own_->getMemoryShapes(inputs, wanted, outputs, internals);
  }
  int64 getFLOPS(const std::vector<dnn::MatShape> &inputs,
                 const std::vector<dnn::MatShape> &outputs) const override {
    return own_->getFLOPS(inputs, outputs);
  }

  void finalize(cv::InputArrayOfArrays inputs, cv::OutputArrayOfArrays outputs) override {
    own_->preferableTarget = preferableTarget;
    own_->finalize(inputs, outputs);  // which fills in its windows and pads, too
    computeMaxIdx = own_->computeMaxIdx;
    std::vector<cv::Mat> in;
    inputs.getMatVector(in);
    layer_.reset();
    const size_t axes = own_->kernel_size.size();
    const bool average = type == 1;
    // An average that is rounded up or padded is OpenCV's own affair: it divides by its own rule.
    if (in.size() != 1 || (axes != 1 && axes != 2) || type < 0 || type > 1 ||
        !is_served(in[0], static_cast<int>(axes)))
      return;
    layer_spec spec;
    spec.pool = true;
    spec.kind = average ? SWCONV_POOL_AVG : SWCONV_POOL_MAX;
    spec.spatial_dims = static_cast<int>(axes);
    set_axes(spec.window, own_->kernel_size, 1);
    set_axes(spec.stride, own_->strides, 1);
    set_axes(spec.pad_begin, own_->pads_begin, 0);
    set_axes(spec.pad_end, own_->pads_end, 0);
    bool padded = false;
    for (size_t i = 0; i < 2; ++i) padded |= spec.pad_begin[i] != 0 || spec.pad_end[i] != 0;
    if (average && padded) return;
    spec.ceil = ceilMode;
    layer_ = std::make_unique<layer>(spec, nullptr, 0, nullptr, false, 4);
  }

  void forward(cv::InputArrayOfArrays inputs, cv::OutputArrayOfArrays outputs,
               cv::OutputArrayOfArrays internals) override {
    own_->computeMaxIdx = computeMaxIdx;  // the network clears ours where no one reads the indices
    if (layer_ && inputs.depth() == CV_32F && !(type == 0 && computeMaxIdx)) {
      std::vector<cv::Mat> in, out;
      inputs.getMatVector(in);
      outputs.getMatVector(out);
      try {
        if (run_layer(*layer_, in[0], out[0])) return;
      } catch (const std::exception &) {  // OpenCV's own layer has the last word
      }
    }
    own_->forward(inputs, outputs, internals);
  }

 private:
  cv::Ptr<dnn::PoolingLayer> own_;
  std::unique_ptr<layer> layer_;
};

}  // namespace

cv::Ptr<dnn::Layer> make_pooling(dnn::LayerParams &params) {
  return cv::Ptr<dnn::Layer>(new pooling(params));
}

}  // namespace swconv_opencv
