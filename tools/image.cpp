// SPDX-License-Identifier: MIT
#include "image.hpp"

#include <memory>
#include <stdexcept>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wunused-function"
#endif
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace swconv_tool {

image read_image(const std::string &path) {
  image picture;
  const std::unique_ptr<uint8_t, void (*)(void *)> pixels(
      stbi_load(path.c_str(), &picture.width, &picture.height, &picture.channels, 0),
      stbi_image_free);
  if (!pixels) throw std::runtime_error("cannot read " + path + ": " + stbi_failure_reason());
  picture.pixels.assign(
      pixels.get(),
      pixels.get() + size_t(picture.width) * size_t(picture.height) * size_t(picture.channels));
  return picture;
}

void write_image(const std::string &path, const image &picture) {
  const int w = picture.width, h = picture.height, c = picture.channels;
  const void *pixels = picture.pixels.data();
  const auto dot = path.rfind('.');
  const std::string end = dot == std::string::npos ? "" : path.substr(dot + 1);
  int done = 0;
  if (end == "png")
    done = stbi_write_png(path.c_str(), w, h, c, pixels, w * c);
  else if (end == "jpg" || end == "jpeg")
    done = stbi_write_jpg(path.c_str(), w, h, c, pixels, 95);
  else if (end == "bmp")
    done = stbi_write_bmp(path.c_str(), w, h, c, pixels);
  else if (end == "tga")
    done = stbi_write_tga(path.c_str(), w, h, c, pixels);
  else
    throw std::runtime_error(path + ": the name must end in .png, .jpg, .bmp or .tga");
  if (done == 0) throw std::runtime_error("cannot write " + path);
}

}  // namespace swconv_tool
