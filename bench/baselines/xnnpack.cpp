// SPDX-License-Identifier: MIT
// XNNPACK: channels last. Creating the operator packs the filter, so it counts as packing; the
// change of layout is not timed.
#include <pthreadpool.h>
#include <xnnpack.h>

#include <cmath>

#include "tensor.hpp"
#include "variant.hpp"

namespace swconv_bench {
namespace {

class xnnpack : public variant {
 public:
  explicit xnnpack(const problem &p)
      : p_(p),
        l_(p.shape),
        pixels_(l_.oh() * l_.ow()),
        src_(tensor::aligned(l_.src_size())),
        dst_(tensor::aligned(l_.dst_size())) {
    require(xnn_initialize(nullptr), "initialize");
    to_channels_last(p.src, src_.data(), l_.n, l_.ic, l_.h * l_.w);
    if (!l_.pool()) {
      filter_ = tensor::aligned(l_.filter_size());
      // Depthwise filters are [kh][kw][c], which is what channels last gives for one output each.
      if (depthwise())
        to_channels_last(p.filter, filter_.data(), 1, l_.oc, l_.kh * l_.kw);
      else
        to_channels_last(p.filter, filter_.data(), l_.oc, l_.ic_per_group(), l_.kh * l_.kw);
    }
    if (p.threads > 1) pool_ = pthreadpool_create(size_t(p.threads));
    create();
  }
  ~xnnpack() override {
    xnn_delete_operator(op_);
    if (pool_) pthreadpool_destroy(pool_);
  }

  void pack() override {
    if (l_.pool()) return;
    xnn_delete_operator(op_);
    op_ = nullptr;
    create();
  }
  void run() override { require(xnn_run_operator(op_, pool_), "run"); }
  void fetch() override { to_planar(dst_.data(), p_.dst, l_.n, l_.oc, pixels_); }

 private:
  bool depthwise() const { return l_.groups == l_.ic && l_.groups > 1; }

  void create() {
    const auto u = [](int64_t value) { return static_cast<uint32_t>(value); };
    const size_t ic = size_t(l_.ic), oc = size_t(l_.oc), n = size_t(l_.n);
    const size_t h = size_t(l_.h), w = size_t(l_.w);
    if (l_.op == operation::conv) {
      require(xnn_create_convolution2d_nhwc_f32(
                  u(l_.pt), u(l_.pr), u(l_.pb), u(l_.pl), u(l_.kh), u(l_.kw), u(l_.sh), u(l_.sw),
                  u(l_.dh), u(l_.dw), u(l_.groups), size_t(l_.ic_per_group()),
                  size_t(l_.oc_per_group()), ic, oc, filter_.data(), nullptr, -INFINITY, INFINITY,
                  depthwise() ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0, &op_),
              "create");
      require(xnn_setup_convolution2d_nhwc_f32(op_, n, h, w, src_.data(), dst_.data(), pool_),
              "setup");
    } else if (l_.op == operation::max_pool) {
      require(xnn_create_max_pooling2d_nhwc_f32(u(l_.pt), u(l_.pr), u(l_.pb), u(l_.pl), u(l_.kh),
                                                u(l_.kw), u(l_.sh), u(l_.sw), u(l_.dh), u(l_.dw),
                                                ic, ic, ic, -INFINITY, INFINITY, 0, &op_),
              "create");
      require(xnn_setup_max_pooling2d_nhwc_f32(op_, n, h, w, src_.data(), dst_.data(), pool_),
              "setup");
    } else {
      require(xnn_create_average_pooling2d_nhwc_f32(u(l_.pt), u(l_.pr), u(l_.pb), u(l_.pl),
                                                    u(l_.kh), u(l_.kw), u(l_.sh), u(l_.sw), ic, ic,
                                                    ic, -INFINITY, INFINITY, 0, &op_),
              "create");
      require(xnn_setup_average_pooling2d_nhwc_f32(op_, n, h, w, src_.data(), dst_.data(), pool_),
              "setup");
    }
  }
  static void require(xnn_status status, const char *call) {
    if (status != xnn_status_success)
      throw declined("XNNPACK: " + std::string(call) + " gives status " + std::to_string(status));
  }

  problem p_;
  const layer &l_;
  int64_t pixels_;
  tensor src_, dst_, filter_;
  pthreadpool_t pool_ = nullptr;
  xnn_operator_t op_ = nullptr;
};

bool applies(const problem &p) {
  const layer &l = p.shape;
  if (l.op == operation::conv) return true;
  if (l.ceil_mode || (l.kh == 1 && l.kw == 1)) return false;
  if (l.ic < 8 && l.needed_taps() > patience) return false;
  // XNNPACK divides by the taps inside src, and knows no dilated averages.
  return l.op == operation::max_pool || (!l.dilated() && !(l.padded() && l.count_include_pad));
}

}  // namespace

void add_xnnpack(variant_list &list);
void add_xnnpack(variant_list &list) {
  list.push_back({"xnnpack", applies, make_variant<xnnpack>, "xnnpack_nhwc_ms"});
}

}  // namespace swconv_bench
