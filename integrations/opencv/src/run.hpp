// SPDX-License-Identifier: MIT
// Running a layer on the matrices and threads of OpenCV.
#pragma once
#include <opencv2/core.hpp>

#include "layer.hpp"

namespace swconv_opencv {

using swconv_integration::layer;
using swconv_integration::layer_spec;
using swconv_integration::shape;

// f32, dense, and with the axes of the layer.
bool is_served(const cv::Mat &m, int spatial_dims);
shape shape_of(const cv::Mat &m);
// Throws std::exception where swconv refuses; false where the result is shaped unlike dst.
bool run_layer(layer &l, const cv::Mat &src, cv::Mat &dst);

// Copies an axis list of OpenCV (one or two axes) to the last ones of a spec's.
template <typename From>
void set_axes(std::array<int64_t, 2> &to, const From &from, int64_t missing) {
  to = {missing, missing};
  for (size_t i = 0; i < from.size() && i < 2; ++i)
    to[2 - from.size() + i] = static_cast<int64_t>(from[i]);
}

}  // namespace swconv_opencv
