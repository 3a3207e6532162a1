// SPDX-License-Identifier: MIT
/// @file layer.hpp
/// A layer of the suite, how it is read from a CSV file, and how much work it needs.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace swconv_bench {

enum class operation { conv, max_pool, avg_pool };

/// One row of a layer file. Pooling layers have oc == ic == groups.
struct layer {
  std::string name, category, network;
  std::string parent;  ///< the layer it was made from, see perturb.hpp; else empty
  operation op = operation::conv;
  int64_t n = 1, ic = 1, oc = 1, h = 1, w = 1, kh = 1, kw = 1, sh = 1, sw = 1;
  int64_t pt = 0, pl = 0, pb = 0, pr = 0, dh = 1, dw = 1, groups = 1;
  bool ceil_mode = false, count_include_pad = false;

  bool pool() const { return op != operation::conv; }
  int64_t ic_per_group() const { return ic / groups; }
  int64_t oc_per_group() const { return oc / groups; }
  bool padded() const { return pt || pl || pb || pr; }
  bool dilated() const { return dh > 1 || dw > 1; }
  bool unit_stride() const { return sh == 1 && sw == 1; }

  int64_t oh() const;
  int64_t ow() const;
  int64_t src_size() const { return n * ic * h * w; }
  int64_t dst_size() const { return n * oc * oh() * ow(); }
  int64_t filter_size() const { return pool() ? 0 : oc * ic_per_group() * kh * kw; }

  /// Bytes that must be read: the filter, and the part of src that some window touches.
  double needed_reads() const;
  double written() const { return 4.0 * double(dst_size()); }
  /// Taps that fall inside src, over all results: the multiply-adds of a convolution, the
  /// elements that a pooling layer looks at.
  double needed_taps() const;
};

/// Layers as a CSV text of class, operation, shape and what each needs at least, for programs that
/// read results.
std::string layers_as_csv(const std::vector<layer> &layers);

/// Rows of a CSV file with a header line, as maps from column to text.
using csv_row = std::map<std::string, std::string>;
std::vector<csv_row> read_csv(const std::string &path);

/// Layers of a file in the format of suite/conv_layers.csv or suite/pool_layers.csv. Throws
/// std::runtime_error with file, line and column where a row makes no sense.
std::vector<layer> read_conv_layers(const std::string &path);
std::vector<layer> read_pool_layers(const std::string &path);

}  // namespace swconv_bench
