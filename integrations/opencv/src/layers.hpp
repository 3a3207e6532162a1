// SPDX-License-Identifier: MIT
// The two replacements. Each holds OpenCV's own layer, which read the parameters, knows the shapes,
// and serves what swconv does not.
#pragma once
#include <opencv2/dnn.hpp>

namespace swconv_opencv {

cv::Ptr<cv::dnn::Layer> make_convolution(cv::dnn::LayerParams &params, bool fast);
cv::Ptr<cv::dnn::Layer> make_pooling(cv::dnn::LayerParams &params);

}  // namespace swconv_opencv
