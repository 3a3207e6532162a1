// SPDX-License-Identifier: MIT
/// @file image.hpp
/// Image files: 8 bits per channel, 1 to 4 channels, interleaved.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace swconv_tool {

struct image {
  int width = 0, height = 0, channels = 0;
  std::vector<uint8_t> pixels;
  /// Channels of colour; the last of two or four is opacity.
  int colours() const { return channels % 2 == 0 ? channels - 1 : channels; }
};

/// PNG, JPEG, BMP, TGA, PNM and others.
image read_image(const std::string &path);
/// PNG, JPEG, BMP or TGA, by the end of the name.
void write_image(const std::string &path, const image &picture);

}  // namespace swconv_tool
