// SPDX-License-Identifier: MIT
// Models that packages carry, in OpenCV, with its own layers and on swconv.
//
// usage: opencv_models DIRECTORY/
#include <chrono>
#include <cstdio>
#include <string>

#include "compare.hpp"

namespace {

struct model {
  const char *file;
  std::vector<int> shape;
};

double milliseconds(cv::dnn::Net &net) {
  double best = 1e30;
  for (int i = 0; i < 4; ++i) {
    const auto start = std::chrono::steady_clock::now();
    net.forward();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

}  // namespace

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int failures = 0, cases = 0;
  // The models that the importer of OpenCV 4.6 understands.
  for (const model &m :
       {model{"captcha_detect", {1, 3, 416, 416}}, model{"classify_nsfw", {1, 224, 224, 3}}}) {
    const std::string path = std::string(argv[1]) + m.file + ".onnx";
    cv::Mat wanted;
    double times[3] = {};
    double errors[3] = {};
    try {
      for (const int mode : {0, 1, 2}) {
        if (mode != 0) swconv_opencv_register(mode == 2);
        cv::dnn::Net net = cv::dnn::readNetFromONNX(path);
        net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
        net.setInput(random_blob(m.shape, 3));
        const cv::Mat got = net.forward().clone();
        if (mode != 0) swconv_opencv_unregister();
        times[mode] = milliseconds(net);
        if (mode == 0) wanted = got;
        errors[mode] = error(got, wanted);
      }
    } catch (const cv::Exception &e) {
      std::printf("FAILED: %s: %s\n", m.file, e.what());
      ++cases;
      ++failures;
      continue;
    }
    ++cases;
    if (errors[1] > 1e-4 || errors[2] > 1e-4) ++failures;
    std::printf("%-16s OpenCV %8.2f ms, swconv strict %8.2f, fast %8.2f; differences %.1e %.1e\n",
                m.file, times[0], times[1], times[2], errors[1], errors[2]);
  }
  std::printf("%d passed, %d failed\n", cases - failures, failures);
  return failures == 0 ? 0 : 1;
}
