// SPDX-License-Identifier: MIT
// One layer on swconv: what it computes, its constants, and the plans made for the shapes seen.
// What swconv refuses is a std::invalid_argument with swconv's own sentence.
#pragma once
#include <swconv/swconv.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace swconv_integration {

// Spatial axes are height and width; of a 1-D layer the height is 1.
struct layer_spec {
  bool pool = false, global = false, residual = false;
  swconv_pool_kind kind = SWCONV_POOL_MAX;
  int spatial_dims = 2;
  std::string auto_pad = "NOTSET";
  std::array<int64_t, 2> window{1, 1}, stride{1, 1}, dilation{1, 1}, pad_begin{0, 0}, pad_end{0, 0};
  int64_t groups = 1, out_channels = 0, group_channels = 0;
  bool ceil = false, count_include_pad = false;
  swconv_activation activation = SWCONV_ACT_NONE;
  float alpha = 0, beta = 0;

  std::string text() const;  // for people: "32->64 3x3 s2 p1 g32"
};

struct shape {
  int64_t batch = 1, channels = 1, height = 1, width = 1;
  bool operator==(const shape &o) const {
    return batch == o.batch && channels == o.channels && height == o.height && width == o.width;
  }
  std::string text() const;
};

struct free_memory {
  void operator()(void *p) const { std::free(p); }
};
struct buffer {
  std::unique_ptr<void, free_memory> memory;
  size_t bytes = 0;
};
// 64-byte aligned; std::bad_alloc if there is none.
buffer allocate(size_t bytes);

struct prepared {
  shape src, dst;
  int threads = 1;
  bool plain = false;  // without residual and activation
  std::unique_ptr<swconv_plan, void (*)(swconv_plan *)> plan{nullptr, swconv_plan_destroy};
  std::shared_ptr<const buffer> packed;  // null: the plan reads the raw filter, or needs none
  size_t workspace_bytes = 0;
  double macs = 0;
  std::string description;
};

class layer {
 public:
  // `filter` and `bias` are copied, or packed; both may be null for pooling.
  layer(const layer_spec &spec, const float *filter, size_t filter_count, const float *bias,
        bool fast, int plan_cache);

  const layer_spec &spec() const { return spec_; }
  const float *bias() const { return bias_.empty() ? nullptr : bias_.data(); }
  const float *filter() const { return filter_.empty() ? nullptr : filter_.data(); }

  // The plan for this src; made if none is kept. Throws where swconv refuses.
  std::shared_ptr<const prepared> prepare(const shape &src, int threads, bool plain);
  // Prepares the one shape that is known to come, and drops the raw filter if no plan needs it.
  void settle(const shape &src, int threads);

  // The extents of the result, and whether swconv takes the layer at all: throws if not.
  static shape result(const layer_spec &spec, const shape &src, bool fast);
  static double macs(const layer_spec &spec, const shape &src, const shape &dst);

 private:
  std::shared_ptr<prepared> make(const shape &src, int threads, bool plain);
  void pack(prepared &p, uint64_t packing_id, size_t bytes);

  layer_spec spec_;
  bool fast_;
  size_t capacity_;
  std::vector<float> filter_, bias_;
  std::mutex mutex_;
  std::list<std::shared_ptr<const prepared>> plans_;  // the latest used first
  std::map<uint64_t, std::shared_ptr<const buffer>> packings_;
};

}  // namespace swconv_integration
