// SPDX-License-Identifier: MIT
/// @file parameters.hpp
/// A layer of the suite as parameters of this library.
#pragma once

#include "layer.hpp"
#include "swconv/swconv.h"

namespace swconv_bench {

template <class Params>
void set_window(Params &p, const layer &l) {
  p.spatial_dims = l.h == 1 && l.kh == 1 && l.pt == 0 && l.pb == 0 ? 1 : 2;
  p.batch = l.n;
  p.src_size[1] = l.h, p.src_size[2] = l.w;
  p.stride[1] = l.sh, p.stride[2] = l.sw;
  p.dilation[1] = l.dh, p.dilation[2] = l.dw;
  p.pad_begin[1] = l.pt, p.pad_begin[2] = l.pl;
  p.pad_end[1] = l.pb, p.pad_end[2] = l.pr;
  if (p.spatial_dims == 1) p.stride[1] = p.dilation[1] = 1;
}

inline swconv_conv_params conv_params_of(const layer &l) {
  swconv_conv_params params;
  swconv_conv_params_init(&params);
  set_window(params, l);
  params.in_channels = l.ic, params.out_channels = l.oc, params.groups = l.groups;
  params.filter_size[1] = l.kh, params.filter_size[2] = l.kw;
  return params;
}

inline swconv_pool_params pool_params_of(const layer &l) {
  swconv_pool_params params;
  swconv_pool_params_init(&params);
  set_window(params, l);
  params.kind = l.op == operation::max_pool ? SWCONV_POOL_MAX : SWCONV_POOL_AVG;
  params.channels = l.ic;
  params.window[1] = l.kh, params.window[2] = l.kw;
  params.ceil_mode = l.ceil_mode, params.count_include_pad = l.count_include_pad;
  return params;
}

}  // namespace swconv_bench
