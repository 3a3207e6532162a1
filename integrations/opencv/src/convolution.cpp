// SPDX-License-Identifier: MIT
#include <memory>
#include <opencv2/dnn/all_layers.hpp>

#include "layers.hpp"
#include "run.hpp"

namespace swconv_opencv {
namespace {

namespace dnn = cv::dnn;

class convolution : public dnn::ConvolutionLayer {
 public:
  convolution(dnn::LayerParams &params, bool fast)
      : own_(dnn::ConvolutionLayer::create(params)), fast_(fast) {
    setParamsFrom(params);
    auto &o = *own_.dynamicCast<dnn::BaseConvolutionLayer>();
    kernel_size = o.kernel_size;
    strides = o.strides;
    dilations = o.dilations;
    pads_begin = o.pads_begin;
    pads_end = o.pads_end;
    padMode = o.padMode;
    numOutput = o.numOutput;
  }

  bool supportBackend(int backend) override { return backend == dnn::DNN_BACKEND_OPENCV; }
  bool getMemoryShapes(const std::vector<dnn::MatShape> &inputs, int wanted,
                       std::vector<dnn::MatShape> &outputs,
                       std::vector<dnn::MatShape> &internals) const override {
    own_->getMemoryShapes(inputs, wanted, outputs, internals);
    return false;
  }
  int64 getFLOPS(const std::vector<dnn::MatShape> &inputs,
                 const std::vector<dnn::MatShape> &outputs) const override {
    return own_->getFLOPS(inputs, outputs);
  }

  void finalize(cv::InputArrayOfArrays inputs, cv::OutputArrayOfArrays outputs) override {
    std::vector<cv::Mat> in;
    inputs.getMatVector(in);
    const size_t axes = kernel_size.size();
    served_ = in.size() == 1 && !blobs.empty() && (axes == 1 || axes == 2) &&
              blobs[0].type() == CV_32F && blobs[0].isContinuous() &&
              blobs[0].dims == static_cast<int>(axes) + 2 &&
              in[0].size[1] % blobs[0].size[1] == 0 && is_served(in[0], static_cast<int>(axes));
    if (!served_) {
      own_->preferableTarget = preferableTarget;
      own_->finalize(inputs, outputs);
      return;
    }
    spec_ = {};
    spec_.spatial_dims = static_cast<int>(axes);
    set_axes(spec_.window, kernel_size, 1);
    set_axes(spec_.stride, strides, 1);
    set_axes(spec_.dilation, dilations, 1);
    spec_.auto_pad = padMode == "SAME" ? "SAME_UPPER" : "NOTSET";
    if (padMode.empty()) {
      set_axes(spec_.pad_begin, pads_begin, 0);
      set_axes(spec_.pad_end, pads_end, 0);
    }
    spec_.group_channels = blobs[0].size[1];
    spec_.groups = in[0].size[1] / blobs[0].size[1];
    spec_.out_channels = numOutput;
    set_activation(activation_);
    filter_ = blobs[0];
    bias_ = blobs.size() > 1 ? blobs[1].reshape(1, 1) : cv::Mat();
    layer_.reset();
  }

  // OpenCV asks this once the layers' shapes are known: true if the next layer is done here.
  bool setActivation(const cv::Ptr<dnn::ActivationLayer> &next) override {
    if (!served_) return own_->setActivation(next);
    if (!next.empty() && !set_activation(next)) return false;
    activation_ = next;
    if (next.empty()) spec_.activation = SWCONV_ACT_NONE;
    layer_.reset();
    return !next.empty();
  }

  // A scale and shift per channel, of batch normalisation mostly, goes into filter and bias.
  bool tryFuse(cv::Ptr<dnn::Layer> &top) override {
    if (!served_) return own_->tryFuse(top);
    cv::Mat scale, shift;
    top->getScaleShift(scale, shift);
    const auto fits = [this](const cv::Mat &m) {
      return m.empty() || (m.type() == CV_32F && m.total() == static_cast<size_t>(numOutput));
    };
    if ((scale.empty() && shift.empty()) || !activation_.empty() || !fits(scale) || !fits(shift))
      return false;
    filter_ = filter_.clone();
    cv::Mat bias(1, numOutput, CV_32F, cv::Scalar(0));
    if (!bias_.empty()) bias_.copyTo(bias);
    const size_t taps = filter_.total() / static_cast<size_t>(numOutput);
    for (size_t oc = 0; oc < static_cast<size_t>(numOutput); ++oc) {
      const float s = scale.empty() ? 1 : scale.ptr<float>()[oc];
      float *f = filter_.ptr<float>() + oc * taps;
      for (size_t i = 0; i < taps; ++i) f[i] *= s;
      float &b = bias.ptr<float>()[oc];
      b = b * s + (shift.empty() ? 0 : shift.ptr<float>()[oc]);
    }
    bias_ = bias;
    layer_.reset();
    return true;
  }

  void forward(cv::InputArrayOfArrays inputs, cv::OutputArrayOfArrays outputs,
               cv::OutputArrayOfArrays internals) override {
    if (!served_) return own_->forward(inputs, outputs, internals);
    if (inputs.depth() == CV_16S) return forward_fallback(inputs, outputs, internals);
    std::vector<cv::Mat> in, out;
    inputs.getMatVector(in);
    outputs.getMatVector(out);
    if (!layer_)
      layer_ = std::make_unique<layer>(spec_, filter_.ptr<float>(), filter_.total(),
                                       bias_.empty() ? nullptr : bias_.ptr<float>(), fast_, 4);
    bool done = false;
    try {
      done = run_layer(*layer_, in[0], out[0]);
    } catch (const std::exception &e) {
      CV_Error(cv::Error::StsBadArg, e.what());
    }
    if (!done)
      CV_Error(cv::Error::StsBadSize, "swconv: " + name + " is shaped otherwise than planned");
  }

 private:
  bool set_activation(const cv::Ptr<dnn::ActivationLayer> &next) {
    const auto set = [this](swconv_activation kind, float alpha = 0, float beta = 0) {
      spec_.activation = kind;
      spec_.alpha = alpha;
      spec_.beta = beta;
      return true;
    };
    if (next.empty()) return false;
    if (const auto relu = next.dynamicCast<dnn::ReLULayer>())
      return relu->negativeSlope == 0 ? set(SWCONV_ACT_RELU)
                                      : set(SWCONV_ACT_LEAKY_RELU, relu->negativeSlope);
    if (const auto clip = next.dynamicCast<dnn::ReLU6Layer>())
      return set(SWCONV_ACT_CLAMP, clip->minValue, clip->maxValue);
    if (next.dynamicCast<dnn::SigmoidLayer>()) return set(SWCONV_ACT_SIGMOID);
    if (next.dynamicCast<dnn::TanHLayer>()) return set(SWCONV_ACT_TANH);
    if (next.dynamicCast<dnn::SwishLayer>()) return set(SWCONV_ACT_SILU);
    if (next.dynamicCast<dnn::HardSwishLayer>()) return set(SWCONV_ACT_HARD_SWISH);
    return false;
  }

  cv::Ptr<dnn::BaseConvolutionLayer> own_;
  bool fast_, served_ = false;
  layer_spec spec_;
  cv::Mat filter_, bias_;
  cv::Ptr<dnn::ActivationLayer> activation_;
  std::unique_ptr<layer> layer_;
};

}  // namespace

cv::Ptr<dnn::Layer> make_convolution(dnn::LayerParams &params, bool fast) {
  return cv::Ptr<dnn::Layer>(new convolution(params, fast));
}

}  // namespace swconv_opencv
