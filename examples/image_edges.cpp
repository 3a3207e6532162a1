// SPDX-License-Identifier: MIT
// Blur an image and find its edges, linked. stb reads and writes the files.
//
//   image_edges IN.png BLURRED.png EDGES.png
#include <stb_image.h>
#include <stb_image_write.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <swconv/linked.hpp>
#include <vector>

using plane = std::vector<float>;

// One input channel, `outputs` output channels, as large as the input. Taps outside the image are
// skipped, so the border is darker.
static bool convolve(const plane &src, int height, int width, const std::vector<float> &filter,
                     int size, int outputs, plane &dst) {
  auto params = swconv::conv_params::conv2d(1, 1, height, width, outputs, size, size);
  params.pads(size / 2);
  dst.resize(src.size() * size_t(outputs));
  swconv::error error;
  if (swconv::linked::conv(params, src.data(), filter.data(), nullptr, dst.data(), nullptr,
                           &error) == swconv::status::ok)
    return true;
  std::fprintf(stderr, "%s\n", error.message);
  return false;
}

static bool save(const char *path, const plane &values, int height, int width) {
  std::vector<unsigned char> pixels;
  for (const float v : values)
    pixels.push_back((unsigned char)(std::clamp(v, 0.0f, 255.0f) + 0.5f));
  return stbi_write_png(path, width, height, 1, pixels.data(), width) != 0;
}

int main(int argc, char **argv) {
  int width = 0, height = 0, channels = 0;
  unsigned char *pixels = argc == 4 ? stbi_load(argv[1], &width, &height, &channels, 1) : nullptr;
  if (!pixels) {
    std::fprintf(stderr, "usage: image_edges IN.png BLURRED.png EDGES.png\n");
    return argc == 4 ? 1 : 2;
  }
  const plane image(pixels, pixels + size_t(width) * size_t(height));
  stbi_image_free(pixels);

  const float row[] = {1 / 16.f, 4 / 16.f, 6 / 16.f, 4 / 16.f, 1 / 16.f};
  std::vector<float> blur;
  for (const float y : row)
    for (const float x : row) blur.push_back(y * x);
  // Two filters, two results: the slope along x and along y.
  const std::vector<float> sobel = {-1, 0, 1, -2, 0, 2, -1, 0, 1, -1, -2, -1, 0, 0, 0, 1, 2, 1};

  plane blurred, slopes, edges(image.size());
  if (!convolve(image, height, width, blur, 5, 1, blurred) ||
      !convolve(blurred, height, width, sobel, 3, 2, slopes))
    return 1;
  for (size_t i = 0; i < edges.size(); ++i)
    edges[i] = std::hypot(slopes[i], slopes[edges.size() + i]);
  return save(argv[2], blurred, height, width) && save(argv[3], edges, height, width) ? 0 : 1;
}
