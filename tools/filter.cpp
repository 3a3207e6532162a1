// SPDX-License-Identifier: MIT
// swconv filter: an image through the library. Colours are channels of one depthwise layer; the
// border repeats the outermost pixels, so that it does not darken.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "command.hpp"
#include "image.hpp"
#include "timing.hpp"

namespace swconv_tool {
namespace {

struct filter_options {
  std::string in, out, kernel;
  unsigned threads = 1;
  bool time = false;
} given;

/// One layer: a convolution with one or more filters per colour, or a maximum or minimum.
struct pass {
  int64_t kh = 1, kw = 1;
  std::vector<float> taps;  ///< filter after filter; empty: pooling
  bool minimum = false;     ///< pooling: of the minimum
  float offset = 0;         ///< added to the result
};

/// Colours as planes of f32.
struct planes {
  int64_t count, height, width;
  std::vector<float> values;
  planes(int64_t c, int64_t h, int64_t w)
      : count(c), height(h), width(w), values(size_t(c * h * w)) {}
  float *row(int64_t c, int64_t y) { return values.data() + (c * height + y) * width; }
};

/// With a border that repeats the outermost pixels: as much as the window takes away.
planes with_border(planes &from, int64_t kh, int64_t kw) {
  planes to(from.count, from.height + kh - 1, from.width + kw - 1);
  const int64_t above = (kh - 1) / 2, left = (kw - 1) / 2;
  for (int64_t c = 0; c < to.count; ++c)
    for (int64_t y = 0; y < to.height; ++y) {
      const float *src = from.row(c, std::clamp<int64_t>(y - above, 0, from.height - 1));
      float *dst = to.row(c, y);
      std::fill_n(dst, left, src[0]);
      std::copy_n(src, from.width, dst + left);
      std::fill(dst + left + from.width, dst + to.width, src[from.width - 1]);
    }
  return to;
}

planes convolve(planes &from, const pass &p, double &seconds) {
  planes src = with_border(from, p.kh, p.kw);
  const int64_t filters = int64_t(p.taps.size()) / (p.kh * p.kw);
  planes dst(from.count * filters, from.height, from.width);
  std::vector<float> taps;  // the same for every colour
  for (int64_t c = 0; c < from.count; ++c) taps.insert(taps.end(), p.taps.begin(), p.taps.end());
  const std::vector<float> bias(size_t(dst.count), p.offset);
  auto params =
      swconv::conv_params::conv2d(1, src.count, src.height, src.width, dst.count, p.kh, p.kw);
  params.group_count(src.count);
  swconv::error error;
  swconv::status status{};
  seconds += swconv_bench::time_of([&] {
    status = swconv::linked::conv(params, src.values.data(), taps.data(), bias.data(),
                                  dst.values.data(), threads_of(given.threads), &error);
  });
  require(status, error);
  return dst;
}

planes extreme(planes &from, const pass &p, double &seconds) {
  planes src = with_border(from, p.kh, p.kw), dst(from.count, from.height, from.width);
  const auto negate = [&](planes &all) {
    if (p.minimum)
      for (float &x : all.values) x = -x;
  };
  negate(src);
  auto params =
      swconv::pool_params::pool2d(SWCONV_POOL_MAX, 1, src.count, src.height, src.width, p.kh, p.kw);
  params.strides(1, 1);
  swconv::error error;
  swconv::status status{};
  seconds += swconv_bench::time_of([&] {
    status = swconv::linked::pool(params, src.values.data(), dst.values.data(),
                                  threads_of(given.threads), &error);
  });
  require(status, error);
  negate(dst);
  return dst;
}

/// A row of taps as two layers, one along each axis.
std::vector<pass> separable(const std::vector<float> &row) {
  const auto n = int64_t(row.size());
  return {{1, n, row, false, 0}, {n, 1, row, false, 0}};
}

std::vector<float> gaussian(int64_t n, double sigma) {
  std::vector<double> row;
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double x = double(i) - double(n - 1) / 2;
    row.push_back(std::exp(-x * x / (2 * sigma * sigma)));
    sum += row.back();
  }
  std::vector<float> taps;
  for (const double x : row) taps.push_back(float(x / sum));
  return taps;
}

/// Rows of numbers; lines that begin with # are left out.
pass read_taps(const std::string &path) {
  std::ifstream file(path);
  if (!file)
    throw CLI::ValidationError("--kernel", "'" + path + "' is neither a known name nor a file");
  pass p{0, 0, {}, false, 0};
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::replace(line.begin(), line.end(), ',', ' ');
    std::istringstream text(line);
    const size_t before = p.taps.size();
    for (float x; text >> x;) p.taps.push_back(x);
    const auto width = int64_t(p.taps.size() - before);
    if (!text.eof() || (p.kh > 0 && width != p.kw) || width == 0)
      throw std::runtime_error(path + ", row " + std::to_string(p.kh + 1) +
                               ": rows must be numbers, as many in each");
    p.kw = width, ++p.kh;
  }
  if (p.kh == 0) throw std::runtime_error(path + " holds no numbers");
  return p;
}

/// "gaussian:7:1.5" in parts.
std::vector<pass> passes_of(const std::string &kernel) {
  const auto parts = CLI::detail::split(kernel, ':');
  const std::string &name = parts[0];
  const auto parameter = [&](size_t i, double lowest, double otherwise) {
    double value = otherwise;
    if (parts.size() > i && (!CLI::detail::lexical_cast(parts[i], value) || !(value >= lowest)))
      throw CLI::ValidationError("--kernel", "'" + parts[i] + "' makes no sense in " + kernel);
    return value;
  };
  const auto size = [&](double otherwise) {
    const double n = parameter(1, 1, otherwise);
    if (n != std::floor(n) || n > 9999)
      throw CLI::ValidationError("--kernel", kernel + ": the size must be a whole number");
    return int64_t(n);
  };
  if (name == "gaussian") {
    const int64_t n = size(5);
    return separable(gaussian(n, parameter(2, 1e-3, double(n) / 6)));
  }
  if (name == "box") {
    const int64_t n = size(3);
    return separable(std::vector<float>(size_t(n), 1 / float(n)));
  }
  if (name == "max" || name == "min") {
    const int64_t n = size(3);
    return {{n, n, {}, name == "min", 0}};
  }
  if (kernel == "sobel")  // two filters per colour, joined to one magnitude
    return {{3, 3, {-1, 0, 1, -2, 0, 2, -1, 0, 1, -1, -2, -1, 0, 0, 0, 1, 2, 1}, false, 0}};
  if (kernel == "laplace") return {{3, 3, {0, 1, 0, 1, -4, 1, 0, 1, 0}, false, 128}};
  if (kernel == "sharpen") return {{3, 3, {0, -1, 0, -1, 5, -1, 0, -1, 0}, false, 0}};
  if (kernel == "emboss") return {{3, 3, {-2, -1, 0, -1, 1, 1, 0, 1, 2}, false, 0}};
  return {read_taps(kernel)};
}

/// Pairs of planes to their magnitude.
planes magnitude(planes &pairs) {
  planes dst(pairs.count / 2, pairs.height, pairs.width);
  for (int64_t c = 0; c < dst.count; ++c)
    for (int64_t y = 0; y < dst.height; ++y)
      for (int64_t x = 0; x < dst.width; ++x)
        dst.row(c, y)[x] = std::hypot(pairs.row(2 * c, y)[x], pairs.row(2 * c + 1, y)[x]);
  return dst;
}

void filter() {
  const auto passes = passes_of(given.kernel);
  image picture = read_image(given.in);
  const int64_t colours = picture.colours(), pixels = int64_t(picture.width) * picture.height;
  planes now(colours, picture.height, picture.width);
  for (int64_t c = 0; c < colours; ++c)
    for (int64_t i = 0; i < pixels; ++i)
      now.values[size_t(c * pixels + i)] = picture.pixels[size_t(i * picture.channels + c)];

  double seconds = 0;
  for (const auto &p : passes)
    now = p.taps.empty() ? extreme(now, p, seconds) : convolve(now, p, seconds);
  if (now.count == 2 * colours) now = magnitude(now);

  for (int64_t c = 0; c < colours; ++c)
    for (int64_t i = 0; i < pixels; ++i)
      picture.pixels[size_t(i * picture.channels + c)] =
          uint8_t(std::lrint(std::clamp(now.values[size_t(c * pixels + i)], 0.0f, 255.0f)));
  write_image(given.out, picture);
  if (given.time)
    std::printf("%d x %d, %lld colours: %.3f ms in the library\n", picture.width, picture.height,
                static_cast<long long>(colours), seconds * 1e3);
}

}  // namespace

void add_filter(CLI::App &app) {
  auto *command = app.add_subcommand("filter", "blur, sharpen, find the edges of an image file");
  command->add_option("in", given.in, "PNG, JPEG, BMP, TGA or PNM, grey or colour")->required();
  command->add_option("out", given.out, "its name ends in .png, .jpg, .bmp or .tga")->required();
  command->add_option("--kernel,-k", given.kernel, "what to do, see below")->required();
  command->add_option("--threads", given.threads, "threads")->check(thread_counts());
  command->add_flag("--time", given.time, "print the time spent in the library");
  command->footer(
      "Kernels:\n"
      "  gaussian[:N[:SIGMA]]  blur over N x N pixels (5; SIGMA: N/6)\n"
      "  box[:N]               mean of N x N pixels (3)\n"
      "  max[:N], min[:N]      largest, smallest of N x N pixels (3)\n"
      "  sobel                 edges: magnitude of the slope\n"
      "  laplace               second derivative, 128 is none\n"
      "  sharpen, emboss\n"
      "  FILE                  a text file with a row of taps per line. It is correlated, not\n"
      "                        flipped: the first tap meets the pixel furthest up and left. Taps\n"
      "                        are taken as they are, not normalised to a sum of 1\n"
      "The border repeats the outermost pixels. Opacity is kept. Values are taken as they are in\n"
      "the file (not linear light), with 8 bits: of a PNG with 16 the lower 8 are lost.\n\n"
      "Example: swconv filter photo.jpg edges.png --kernel sobel");
  command->callback(filter);
}

}  // namespace swconv_tool
