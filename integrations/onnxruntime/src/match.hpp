// SPDX-License-Identifier: MIT
// Which nodes of a graph form one layer of swconv: a convolution with what follows it, or a pool.
#pragma once
#include <string>
#include <vector>

#include "graph.hpp"
#include "layer.hpp"

namespace swconv_ort {

using swconv_integration::layer_spec;
using swconv_integration::shape;

struct match {
  std::vector<const node *> nodes;  // the first is the convolution or pool; empty: not served
  std::string reason;               // why not, if the operator is one of ours
  layer_spec spec;
  const value *src = nullptr, *filter = nullptr, *bias = nullptr, *residual = nullptr;
  const value *dst = nullptr;

  std::string operators() const;  // "Conv+Add+Relu"
  // The shape of src as far as it is known; false where an axis is not.
  bool known_shape(shape &result) const;
};

bool is_served(const node &n);
// Nodes with `taken[index]` belong to another match already.
match match_at(const graph &g, const node &n, const std::vector<bool> &taken);

}  // namespace swconv_ort
