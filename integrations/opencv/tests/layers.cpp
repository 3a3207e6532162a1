// SPDX-License-Identifier: MIT
// Layers one at a time, with what is fused behind them, against OpenCV's own.
#include <cstdio>

#include "compare.hpp"

namespace {

using cv::dnn::LayerParams;

int failures = 0, cases = 0;

// `build` adds the layers, of which swconv must run one if `served`; where sizes are rounded up it
// depends, since OpenCV has its own rule for the last window. The network must compute the same
// with both makers of layers.
template <typename Build>
void compare(const char *what, const std::vector<std::vector<int>> &shapes, Build build,
             bool served = true, bool sometimes = false) {
  cv::Mat wanted[2];
  for (const int mode : {0, 1, 2}) {  // OpenCV, strict, fast
    if (mode != 0) swconv_opencv_register(mode == 2);
    cv::dnn::Net net;
    build(net);
    net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    for (size_t i = 0; i < shapes.size(); ++i) {
      net.setInput(random_blob(shapes[i], 3));
      const unsigned long long before = swconv_opencv_runs();
      const cv::Mat got = net.forward().clone();
      if (!sometimes && (swconv_opencv_runs() - before == 1) != (served && mode != 0)) {
        ++failures;
        std::printf("FAILED: %s, mode %d: not run where it should be\n", what, mode);
      }
      if (mode == 0) {
        wanted[i] = got;
        continue;
      }
      ++cases;
      const double e = error(got, wanted[i]);
      if (e <= 1e-4) continue;
      ++failures;
      std::printf("FAILED: %s, shape %zu, mode %d: %g\n", what, i, mode, e);
    }
    if (mode != 0) swconv_opencv_unregister();
  }
}

LayerParams conv_params(int in, int out, int k, int stride, int pad, int dilation, int group) {
  LayerParams p;
  p.type = "Convolution";
  p.name = "conv";
  p.set("kernel_size", k);
  p.set("stride", stride);
  p.set("pad", pad);
  p.set("dilation", dilation);
  p.set("group", group);
  p.set("num_output", out);
  p.set("bias_term", true);
  p.blobs = {random_blob({out, in / group, k, k}, 1), random_blob({out}, 2)};
  return p;
}

void convolutions() {
  for (const int k : {1, 3, 5})
    for (const int stride : {1, 2})
      for (const int dilation : {1, 2})
        for (const int group : {1, 2, 8})
          compare("convolution", {{2, 8, 23, 31}, {1, 8, 40, 17}}, [&](cv::dnn::Net &net) {
            LayerParams p = conv_params(8, 16, k, stride, k / 2, dilation, group);
            net.addLayerToPrev(p.name, p.type, p);
          });
  for (const char *mode : {"SAME", "VALID"})
    compare(mode, {{1, 8, 23, 31}}, [&](cv::dnn::Net &net) {
      LayerParams p = conv_params(8, 16, 3, 2, 0, 1, 1);
      p.set("pad_mode", mode);
      net.addLayerToPrev(p.name, p.type, p);
    });
}

void activations() {
  for (const char *type : {"ReLU", "ReLU6", "Sigmoid", "TanH", "Swish", "HardSwish", "ELU"})
    for (const float slope : {0.0f, 0.2f}) {
      if (slope != 0 && std::string(type) != "ReLU") continue;
      compare(type, {{1, 8, 20, 30}}, [&](cv::dnn::Net &net) {
        LayerParams p = conv_params(8, 16, 3, 1, 1, 1, 1), norm, a;
        net.addLayerToPrev(p.name, p.type, p);
        // mean, variance, scale, shift
        norm.set("has_weight", true);
        norm.set("has_bias", true);
        norm.blobs = {random_blob({16}, 4), cv::abs(random_blob({16}, 5)) + 1.0,
                      random_blob({16}, 6), random_blob({16}, 7)};
        net.addLayerToPrev("norm", "BatchNorm", norm);
        if (slope != 0) a.set("negative_slope", slope);
        net.addLayerToPrev("act", type, a);
      });
    }
}

void pools() {
  for (const char *kind : {"max", "ave"})
    for (const int k : {2, 3, 5})
      for (const int stride : {1, 2, 3})
        for (const int pad : {0, 1})
          for (const bool up : {false, true})
            compare(
                kind, {{2, 8, 23, 31}, {1, 8, 18, 40}},
                [&](cv::dnn::Net &net) {
                  LayerParams p;
                  p.set("pool", kind);
                  p.set("kernel_size", k);
                  p.set("stride", stride);
                  p.set("pad", pad);
                  p.set("ceil_mode", up);
                  net.addLayerToPrev("pool", "Pooling", p);
                  LayerParams none;
                  net.addLayerToPrev("after", "Identity", none);
                },
                kind[0] == 'm' || pad == 0, up);
  for (const char *kind : {"max", "ave"})
    compare("global", {{2, 8, 23, 31}}, [&](cv::dnn::Net &net) {
      LayerParams p;
      p.set("pool", kind);
      p.set("global_pooling", true);
      net.addLayerToPrev("pool", "Pooling", p);
      LayerParams none;
      net.addLayerToPrev("after", "Identity", none);
    });
}

// What fits nothing is an exception of OpenCV, not the end of the program.
void hostile() {
  swconv_opencv_register(0);
  for (const auto &shape : {std::vector<int>{1, 7, 9, 9}, std::vector<int>{1, 8, 2, 9}}) {
    ++cases;
    try {
      cv::dnn::Net net;
      LayerParams p = conv_params(8, 16, 5, 1, 0, 1, 1);
      net.addLayerToPrev(p.name, p.type, p);
      net.setInput(random_blob(shape, 3));
      net.forward();
      ++failures;
      std::printf("FAILED: a layer that fits nothing gave a result\n");
    } catch (const cv::Exception &) {
    }
  }
  swconv_opencv_unregister();
}

}  // namespace

int main() {
  convolutions();
  activations();
  pools();
  hostile();
  std::printf("%d passed, %d failed\n", cases - failures, failures);
  return failures == 0 ? 0 : 1;
}
