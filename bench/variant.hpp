// SPDX-License-Identifier: MIT
/// @file variant.hpp
/// One way to compute a layer: this library, a baseline or a peer. A peer is one file in
/// baselines/ that defines `add_<file>`, and one row in CMakeLists.txt.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "layer.hpp"

namespace swconv_bench {

/// What a variant is given. Tensors are dense, planar (NCHW) and 4 bytes off a cache line.
struct problem {
  const layer &shape;
  const float *src;
  const float *filter;
  float *dst;
  int threads;
  std::string isa;  ///< for this library only: peers choose for themselves
};

/// Thrown by `make` or `pack` where a library refuses a layer that `applies` let through.
struct declined : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Some peers have no fast code for pooling of few channels, and large windows take them minutes.
/// They are left out of layers that look at more elements than this.
constexpr double patience = 5e8;

class variant {
 public:
  virtual ~variant() = default;
  /// Done once per filter: timed, and reported beside the run.
  virtual void pack() {}
  /// The computation: timed.
  virtual void run() = 0;
  /// Bring the result of the last run to `problem::dst`, planar. Not timed.
  virtual void fetch() {}
  /// Memory that a run needs besides the tensors and the packed filter, where it is known.
  virtual size_t workspace_bytes() const { return 0; }
  /// How many times `run` computes the layer. A time is that of one.
  virtual int copies() const { return 1; }
  /// A few words on what was chosen, e.g. the kernel.
  virtual std::string describe() const { return {}; }
};

struct variant_kind {
  const char *name;
  bool (*applies)(const problem &);
  std::unique_ptr<variant> (*make)(const problem &);
  /// Columns of suite/peers_conv.csv that hold this peer's published times, "" if none.
  const char *published;
  /// Multiplies less than a direct convolution: its share may exceed 1.
  bool below_limit = false;
};
using variant_list = std::vector<variant_kind>;

template <class T>
std::unique_ptr<variant> make_variant(const problem &p) {
  return std::make_unique<T>(p);
}

/// Every variant of this build, in the order of the table's columns.
const variant_list &all_variants();

/// Layouts of peers: planar to channels last, and back.
void to_channels_last(const float *planar, float *last, int64_t n, int64_t c, int64_t pixels);
void to_planar(const float *last, float *planar, int64_t n, int64_t c, int64_t pixels);

}  // namespace swconv_bench
