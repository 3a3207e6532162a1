// SPDX-License-Identifier: MIT
// A network with OpenCV's own layers beside the same one on swconv.
#pragma once
#include <swconv_opencv.h>

#include <algorithm>
#include <cmath>
#include <opencv2/dnn.hpp>

// Of the largest value; infinite where shapes differ.
inline double error(const cv::Mat &got, const cv::Mat &wanted) {
  if (got.dims != wanted.dims || !std::equal(got.size.p, got.size.p + got.dims, wanted.size.p))
    return INFINITY;
  return cv::norm(got, wanted, cv::NORM_INF) / std::max(cv::norm(wanted, cv::NORM_INF), 1e-30);
}

inline cv::Mat random_blob(const std::vector<int> &dims, int seed) {
  cv::Mat m(dims, CV_32F);
  cv::RNG rng(static_cast<uint64_t>(seed));
  rng.fill(m, cv::RNG::UNIFORM, -1.0, 1.0);
  return m;
}
