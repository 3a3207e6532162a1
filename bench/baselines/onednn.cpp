// SPDX-License-Identifier: MIT
// oneDNN. Weights are reordered beforehand (pack), primitives are created beforehand.
//
//   onednn_nchw  src and dst stay planar: the faster of a primitive on planar tensors and of the
//                preferred layout with both reorders in the timed part
//   onednn_any   src and dst are in the layout that oneDNN prefers, reorders not timed; pooling,
//                which cannot be asked, takes the fastest of planar, channels last and blocked
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <cmath>
#include <optional>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "timing.hpp"
#include "variant.hpp"

namespace swconv_bench {
namespace {

using dnnl::memory;
using tag = memory::format_tag;

/// One configured layer: the primitive, its memories, and whether it reorders src and dst.
class configured {
 public:
  configured(const problem &p, tag layout, bool timed_reorders)
      : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_), timed_reorders_(timed_reorders) {
    const layer &l = p.shape;
    const memory::dims src{l.n, l.ic, l.h, l.w}, dst{l.n, l.oc, l.oh(), l.ow()};
    const memory::dims strides{l.sh, l.sw}, dilation{l.dh - 1, l.dw - 1};
    const memory::dims begin{l.pt, l.pl}, end{l.pb, l.pr};
    const auto f32 = memory::data_type::f32;
    const memory::desc src_any(src, f32, layout), dst_any(dst, f32, l.pool() ? tag::any : layout);
    if (l.pool()) {
      const auto algorithm = l.op == operation::max_pool ? dnnl::algorithm::pooling_max
                             : l.count_include_pad ? dnnl::algorithm::pooling_avg_include_padding
                                                   : dnnl::algorithm::pooling_avg_exclude_padding;
      const dnnl::pooling_v2_forward::desc desc(dnnl::prop_kind::forward_inference, algorithm,
                                                src_any, dst_any, strides, {l.kh, l.kw}, dilation,
                                                begin, end);
      const dnnl::pooling_v2_forward::primitive_desc chosen(desc, engine_);
      primitive_ = dnnl::pooling_v2_forward(chosen);
      describe_ = chosen.impl_info_str();
      src_ = memory(chosen.src_desc(), engine_), dst_ = memory(chosen.dst_desc(), engine_);
    } else {
      const memory::dims taps =
          l.groups > 1 ? memory::dims{l.groups, l.oc_per_group(), l.ic_per_group(), l.kh, l.kw}
                       : memory::dims{l.oc, l.ic, l.kh, l.kw};
      const dnnl::convolution_forward::desc desc(
          dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, src_any,
          memory::desc(taps, f32, tag::any), dst_any, strides, dilation, begin, end);
      dnnl::primitive_attr attributes;
      attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
      const dnnl::convolution_forward::primitive_desc chosen(desc, attributes, engine_);
      primitive_ = dnnl::convolution_forward(chosen);
      describe_ = chosen.impl_info_str();
      src_ = memory(chosen.src_desc(), engine_), dst_ = memory(chosen.dst_desc(), engine_);
      filter_ = memory(chosen.weights_desc(), engine_);
      given_filter_ = memory({taps, f32, l.groups > 1 ? tag::goihw : tag::oihw}, engine_,
                             const_cast<float *>(p.filter));
      scratchpad_ = memory(chosen.scratchpad_desc(), engine_);
      arguments_[DNNL_ARG_WEIGHTS] = filter_;
      arguments_[DNNL_ARG_SCRATCHPAD] = scratchpad_;
    }
    given_src_ = memory({src, f32, tag::nchw}, engine_, const_cast<float *>(p.src));
    given_dst_ = memory({dst, f32, tag::nchw}, engine_, p.dst);
    const bool same_src = src_.get_desc() == given_src_.get_desc();
    const bool same_dst = dst_.get_desc() == given_dst_.get_desc();
    if (same_src)
      src_ = given_src_;
    else
      to_src_ = dnnl::reorder(given_src_, src_);
    if (same_dst)
      dst_ = given_dst_;
    else
      from_dst_ = dnnl::reorder(dst_, given_dst_);
    arguments_[DNNL_ARG_SRC] = src_;
    arguments_[DNNL_ARG_DST] = dst_;
    if (!timed_reorders_) load();
  }

  void pack() {
    if (given_filter_)
      dnnl::reorder(given_filter_, filter_).execute(stream_, given_filter_, filter_);
    stream_.wait();
  }
  void run() {
    if (timed_reorders_) load();
    primitive_.execute(stream_, arguments_);
    if (timed_reorders_) store();
    stream_.wait();
  }
  void fetch() {
    if (!timed_reorders_) store();
    stream_.wait();
  }
  size_t workspace_bytes() const {
    const size_t reordered = timed_reorders_ ? (to_src_ ? src_.get_desc().get_size() : 0) +
                                                   (from_dst_ ? dst_.get_desc().get_size() : 0)
                                             : 0;
    return reordered + (scratchpad_ ? scratchpad_.get_desc().get_size() : 0);
  }
  std::string describe() const {
    return describe_ + (timed_reorders_ && (to_src_ || from_dst_) ? " with reorders" : "");
  }

 private:
  void load() {
    if (to_src_) to_src_->execute(stream_, given_src_, src_);
    stream_.wait();
  }
  void store() {
    if (from_dst_) from_dst_->execute(stream_, dst_, given_dst_);
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  bool timed_reorders_;
  dnnl::primitive primitive_;
  memory src_, dst_, filter_, given_src_, given_dst_, given_filter_, scratchpad_;
  std::optional<dnnl::reorder> to_src_, from_dst_;
  std::unordered_map<int, memory> arguments_;
  std::string describe_;
};

class onednn : public variant {
 public:
  onednn(const problem &p, bool planar) {
#if defined(_OPENMP)
    omp_set_num_threads(p.threads);
#endif
    const layer &l = p.shape;
    std::vector<std::pair<tag, bool>> candidates;  // layout, timed reorders
    if (l.pool()) {
      candidates = {{tag::nchw, planar}};
      if (!planar && l.ic > 1) candidates.push_back({tag::nhwc, false});
      if (!planar && l.ic % 16 == 0) candidates.push_back({tag::nChw16c, false});
      if (!planar && l.ic % 8 == 0) candidates.push_back({tag::nChw8c, false});
    } else {
      candidates = {{tag::any, planar}};
      if (planar) candidates.push_back({tag::nchw, true});
    }
    double fastest = INFINITY;
    std::string refusal;
    for (const auto &[layout, reorders] : candidates) try {
        auto tried = std::make_unique<configured>(p, layout, reorders);
        const bool reference_code = tried->describe().rfind("ref", 0) == 0;
        if (chosen_ && reference_code) continue;  // may take minutes, never wins
        double taken = 0;
        if (candidates.size() > 1) {
          tried->pack();
          taken = time_of([&] { tried->run(); });
          if (taken < 0.1)
            for (int r = 0; r < 3; ++r) taken = std::min(taken, time_of([&] { tried->run(); }));
        }
        if (taken < fastest) fastest = taken, chosen_ = std::move(tried);
      } catch (const dnnl::error &e) {
        refusal = e.message;
      }
    if (!chosen_) throw declined("oneDNN: " + refusal);
  }
  void pack() override { chosen_->pack(); }
  void run() override { chosen_->run(); }
  void fetch() override { chosen_->fetch(); }
  size_t workspace_bytes() const override { return chosen_->workspace_bytes(); }
  std::string describe() const override { return chosen_->describe(); }

 private:
  std::unique_ptr<configured> chosen_;
};

template <bool planar>
variant_kind kind(const char *name, const char *published) {
  return {name,
          [](const problem &p) {
            const layer &l = p.shape;
            return !l.ceil_mode && !(l.pool() && l.ic < 8 && l.needed_taps() > patience);
          },
          [](const problem &p) -> std::unique_ptr<variant> {
            return std::make_unique<onednn>(p, planar);
          },
          published};
}

}  // namespace

void add_onednn(variant_list &list);
void add_onednn(variant_list &list) {
  list.push_back(kind<true>("onednn_nchw", "onednn_nchw_ms"));
  list.push_back(kind<false>("onednn_any", "onednn_any_ms"));
}

}  // namespace swconv_bench
