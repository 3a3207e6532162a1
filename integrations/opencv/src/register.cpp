// SPDX-License-Identifier: MIT
#include <opencv2/dnn/layer.details.hpp>

#include "layers.hpp"
#include "swconv_opencv.h"

// The factory keeps a stack of constructors per name: ours goes on top and comes off again.
void swconv_opencv_register(int fast) {
  using cv::dnn::LayerFactory;
  using cv::dnn::LayerParams;
  if (fast != 0)
    LayerFactory::registerLayer(
        "Convolution", [](LayerParams &p) { return swconv_opencv::make_convolution(p, true); });
  else
    LayerFactory::registerLayer(
        "Convolution", [](LayerParams &p) { return swconv_opencv::make_convolution(p, false); });
  LayerFactory::registerLayer("Pooling",
                              [](LayerParams &p) { return swconv_opencv::make_pooling(p); });
}

void swconv_opencv_unregister(void) {
  cv::dnn::LayerFactory::unregisterLayer("Convolution");
  cv::dnn::LayerFactory::unregisterLayer("Pooling");
}
