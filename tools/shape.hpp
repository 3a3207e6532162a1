// SPDX-License-Identifier: MIT
/// @file shape.hpp
/// Layers as people write them, e.g. `--src 1x72x56x56 --filter 72x1x5x5 --stride 2`.
#pragma once

#include <string>
#include <vector>

#include "layer.hpp"

namespace swconv_tool {

/// The text of the arguments; empty: not given.
struct layer_text {
  std::string operation, src, filter, window, stride, dilation, pad;
  int64_t groups = 0;  ///< 0: follows from the channels of src and filter
};

/// Operations that `parse_layer` knows.
const std::vector<std::string> &operations();

/// Throws CLI::ValidationError with the argument's name where the text makes no sense.
swconv_bench::layer parse_layer(const layer_text &text);

/// One line, e.g. "1 x 72 x 56x56 -> 1 x 72 x 28x28, filter 5x5, stride 2, 72 groups".
std::string describe(const swconv_bench::layer &l);

}  // namespace swconv_tool
