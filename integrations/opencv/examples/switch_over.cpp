// SPDX-License-Identifier: MIT
// A program that runs a model with OpenCV DNN, switched over to swconv by its first line.
//
// usage: opencv_switch_over MODEL.onnx SIZE
#include <swconv_opencv.h>

#include <cstdio>
#include <opencv2/dnn.hpp>
#include <string>

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  const std::string model = argv[1];
  const int size = std::stoi(argv[2]);
  const cv::Mat blob({1, 3, size, size}, CV_32F, cv::Scalar(0.5));

  swconv_opencv_register(0);  // 1: math = fast
  cv::dnn::Net net = cv::dnn::readNetFromONNX(model);
  net.setInput(blob);
  cv::Mat result = net.forward();  // OpenCV makes a network's layers when it first runs

  std::printf("%zu values, %llu layers ran on swconv\n", result.total(), swconv_opencv_runs());
  return swconv_opencv_runs() > 0 ? 0 : 1;
}
