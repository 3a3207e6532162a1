// SPDX-License-Identifier: MIT
// A residual that is not shaped like the result: rare, so it is added afterwards, simply.
#pragma once
#include <cstdint>
#include <vector>

#include "layer.hpp"

namespace swconv_ort {

using swconv_integration::layer_spec;

// The common shape of both, by ONNX's rules; throws `failure` if there is none.
std::vector<int64_t> spread_dims(const std::vector<int64_t> &a, const std::vector<int64_t> &b);

// out = activation(a + b), with both spread to `dims`. out may be a where a has those dims.
void add_spread(const layer_spec &spec, const float *a, const std::vector<int64_t> &a_dims,
                const float *b, const std::vector<int64_t> &b_dims, float *out,
                const std::vector<int64_t> &dims);

}  // namespace swconv_ort
