// SPDX-License-Identifier: MIT
#include "case.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

namespace swconv_test {
namespace {

template <class Case>
struct field {
  const char *name;
  int64_t Case::*value;
};

#define SWCONV_FIELD(name) {#name, &T::name}
template <class T>
std::vector<field<T>> fields();
template <>
std::vector<field<conv_case>> fields() {
  using T = conv_case;
  return {SWCONV_FIELD(dims),       SWCONV_FIELD(n),          SWCONV_FIELD(g),
          SWCONV_FIELD(ic),         SWCONV_FIELD(oc),         SWCONV_FIELD(h),
          SWCONV_FIELD(w),          SWCONV_FIELD(kh),         SWCONV_FIELD(kw),
          SWCONV_FIELD(sh),         SWCONV_FIELD(sw),         SWCONV_FIELD(dh),
          SWCONV_FIELD(dw),         SWCONV_FIELD(pt),         SWCONV_FIELD(pl),
          SWCONV_FIELD(pb),         SWCONV_FIELD(pr),         SWCONV_FIELD(scale),
          SWCONV_FIELD(bias),       SWCONV_FIELD(residual),   SWCONV_FIELD(act),
          SWCONV_FIELD(src_layout), SWCONV_FIELD(dst_layout), SWCONV_FIELD(filter_layout),
          SWCONV_FIELD(data),       SWCONV_FIELD(fast),       SWCONV_FIELD(seed)};
}
template <>
std::vector<field<pool_case>> fields() {
  using T = pool_case;
  return {SWCONV_FIELD(dims),      SWCONV_FIELD(kind), SWCONV_FIELD(n),  SWCONV_FIELD(c),
          SWCONV_FIELD(h),         SWCONV_FIELD(w),    SWCONV_FIELD(kh), SWCONV_FIELD(kw),
          SWCONV_FIELD(sh),        SWCONV_FIELD(sw),   SWCONV_FIELD(dh), SWCONV_FIELD(dw),
          SWCONV_FIELD(pt),        SWCONV_FIELD(pl),   SWCONV_FIELD(pb), SWCONV_FIELD(pr),
          SWCONV_FIELD(ceil_mode), SWCONV_FIELD(count_include_pad),
          SWCONV_FIELD(src_layout), SWCONV_FIELD(dst_layout),
          SWCONV_FIELD(data),      SWCONV_FIELD(seed)};
}
#undef SWCONV_FIELD

template <class Case>
std::string print(const char *operation, const Case &c) {
  static const auto all = fields<Case>();
  const Case defaults;
  std::ostringstream text;
  text << operation;
  for (const auto &f : all)
    if (c.*f.value != defaults.*f.value) text << ' ' << f.name << '=' << c.*f.value;
  return text.str();
}

template <class Case>
bool read(const char *operation, const std::string &text, Case *c) {
  std::istringstream words(text);
  std::string word;
  if (!(words >> word) || word != operation) return false;
  *c = Case();
  while (words >> word) {
    const auto equals = word.find('=');
    for (const auto &f : fields<Case>())
      if (word.substr(0, equals) == f.name) c->*f.value = std::stoll(word.substr(equals + 1));
  }
  return true;
}

int64_t floor_div(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a - 1) / b) - 1; }

int64_t extent(int64_t in, int64_t k, int64_t s, int64_t d, int64_t before, int64_t after,
               bool round_up) {
  const int64_t room = in + before + after - d * (k - 1) - 1;
  int64_t out = (round_up ? -floor_div(-room, s) : floor_div(room, s)) + 1;
  if (round_up && (out - 1) * s >= in + before) --out;
  return std::max<int64_t>(out, 0);
}

// splitmix64: a good hash of a counter, the same on every machine.
uint64_t hash(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

float value(uint64_t bits, int64_t data, role r) {
  const float sign = (bits & 1) ? -1.0f : 1.0f;
  const float unit = (static_cast<float>((bits >> 8) & 0x7fffff) + 1) / 8388609.0f;  // in (0, 1)
  const bool special = (bits >> 40) % 7 == 0;
  switch (data) {
    case integers: return sign * static_cast<float>(1 + (bits >> 8) % (r == role::scale ? 2 : 3));
    case tiny: return sign * std::ldexp(unit, r == role::scale || r == role::src ? -60 : -74);
    case inf_filter:
      if (r == role::filter && special) return sign * std::numeric_limits<float>::infinity();
      return sign * unit;
    case nan_src:
      if (r != role::filter && special)
        return (bits >> 50) & 1 ? std::numeric_limits<float>::quiet_NaN()
                                : sign * std::numeric_limits<float>::infinity();
      return sign * unit;
    default: return sign * unit;
  }
}

}  // namespace

int64_t conv_case::dst_h() const { return extent(h, kh, sh, dh, pt, pb, false); }
int64_t conv_case::dst_w() const { return extent(w, kw, sw, dw, pl, pr, false); }
double conv_case::work() const {
  return double(n) * double(g * oc * ic) * double(dst_h() * dst_w()) * double(kh * kw);
}
int64_t pool_case::dst_h() const { return extent(h, kh, sh, dh, pt, pb, ceil_mode != 0); }
int64_t pool_case::dst_w() const { return extent(w, kw, sw, dw, pl, pr, ceil_mode != 0); }
double pool_case::work() const {
  return double(n * c) * double(dst_h() * dst_w()) * double(kh * kw);
}

std::string to_string(const conv_case &c) { return print("conv", c); }
std::string to_string(const pool_case &c) { return print("pool", c); }
bool parse(const std::string &text, conv_case *c) { return read("conv", text, c); }
bool parse(const std::string &text, pool_case *c) { return read("pool", text, c); }

float activation_alpha(int64_t act) {
  switch (act) {
    case SWCONV_ACT_CLAMP: return -2.0f;
    case SWCONV_ACT_LEAKY_RELU: return 0.25f;
    case SWCONV_ACT_HARD_SIGMOID: return 0.2f;
    default: return 0.0f;
  }
}
float activation_beta(int64_t act) {
  switch (act) {
    case SWCONV_ACT_CLAMP: return 3.0f;
    case SWCONV_ACT_HARD_SIGMOID: return 0.5f;
    default: return 0.0f;
  }
}
const char *activation_name(int64_t act) {
  static const char *const names[] = {"none",       "relu",    "clamp", "leaky_relu",
                                      "hard_sigmoid", "hard_swish", "sigmoid", "tanh",
                                      "silu",       "gelu",    "gelu_tanh"};
  return names[act];
}

tensor_shape::tensor_shape(int64_t n, int64_t c, int64_t h, int64_t w, int64_t how)
    : size{n, c, h, w} {
  // An empty axis has strides as if it were 1: zero is no stride.
  for (int64_t *extent : {&c, &h, &w}) *extent = std::max<int64_t>(*extent, 1);
  // Odd gaps, a different one on each axis, so that a mixed-up stride shows.
  const int64_t row = how == gaps ? w + 3 : w;
  const int64_t plane = how == gaps ? row * h + 5 : row * h;
  stride[3] = 1;
  stride[2] = how == rows_outside ? w * c : row;
  stride[1] = how == rows_outside ? w : plane;
  stride[0] = how == gaps ? plane * c + 7 : plane * c;
}

int64_t tensor_shape::span() const {
  if (count() == 0) return 0;
  int64_t last = 0;
  for (int i = 0; i < 4; ++i) last += (size[i] - 1) * stride[i];
  return last + 1;
}

void tensor_shape::to_strides(int64_t how, int64_t (&strides)[5]) const {
  if (how == dense) return;  // the zeros of the defaults
  strides[0] = stride[0];
  strides[1] = stride[1];
  strides[2] = size[2] * stride[2];  // depth: one plane
  strides[3] = stride[2];
  strides[4] = stride[3];
}

tensor_shape src_shape(const conv_case &c) { return {c.n, c.in_channels(), c.h, c.w, c.src_layout}; }
tensor_shape filter_shape(const conv_case &c) {
  return {c.out_channels(), c.ic, c.kh, c.kw, c.filter_layout};
}
tensor_shape dst_shape(const conv_case &c) {
  return {c.n, c.out_channels(), c.dst_h(), c.dst_w(), c.dst_layout};
}
tensor_shape src_shape(const pool_case &c) { return {c.n, c.c, c.h, c.w, c.src_layout}; }
tensor_shape dst_shape(const pool_case &c) { return {c.n, c.c, c.dst_h(), c.dst_w(), c.dst_layout}; }

namespace {

template <class Case, class Params>
void set_window(const Case &c, Params *p) {
  p->struct_size = sizeof *p;
  p->spatial_dims = static_cast<uint32_t>(c.dims);
  p->batch = c.n;
  const auto set = [](int64_t(&axis)[3], int64_t depth, int64_t height, int64_t width) {
    axis[0] = depth;
    axis[1] = height;
    axis[2] = width;
  };
  set(p->src_size, 1, c.h, c.w);
  set(p->stride, 1, c.sh, c.sw);
  set(p->dilation, 1, c.dh, c.dw);
  set(p->pad_begin, 0, c.pt, c.pl);
  set(p->pad_end, 0, c.pb, c.pr);
  src_shape(c).to_strides(c.src_layout, p->src_stride);
  dst_shape(c).to_strides(c.dst_layout, p->dst_stride);
}

}  // namespace

swconv_conv_params to_params(const conv_case &c, std::vector<swconv_epilogue_op> *ops) {
  swconv_conv_params p{};
  set_window(c, &p);
  p.math = c.fast ? SWCONV_FAST : SWCONV_STRICT;
  p.groups = c.g;
  p.in_channels = c.in_channels();
  p.out_channels = c.out_channels();
  p.filter_size[0] = 1;
  p.filter_size[1] = c.kh;
  p.filter_size[2] = c.kw;
  filter_shape(c).to_strides(c.filter_layout, p.filter_stride);
  dst_shape(c).to_strides(c.dst_layout, p.residual_stride);

  ops->clear();
  const auto add = [ops](swconv_epilogue_kind kind) {
    ops->push_back(swconv_epilogue_op{});
    ops->back().struct_size = sizeof(swconv_epilogue_op);
    ops->back().kind = kind;
  };
  if (c.scale) add(SWCONV_EPILOGUE_SCALE);
  if (c.residual != no_residual) add(SWCONV_EPILOGUE_RESIDUAL);
  if (c.act != SWCONV_ACT_NONE) {
    add(SWCONV_EPILOGUE_ACTIVATION);
    ops->back().activation = static_cast<swconv_activation>(c.act);
    ops->back().alpha = activation_alpha(c.act);
    ops->back().beta = activation_beta(c.act);
  }
  p.epilogue = ops->empty() ? nullptr : ops->data();
  p.epilogue_count = static_cast<uint32_t>(ops->size());
  return p;
}

swconv_pool_params to_params(const pool_case &c) {
  swconv_pool_params p{};
  set_window(c, &p);
  p.kind = static_cast<swconv_pool_kind>(c.kind);
  p.channels = c.c;
  p.window[0] = 1;
  p.window[1] = c.kh;
  p.window[2] = c.kw;
  p.ceil_mode = static_cast<uint32_t>(c.ceil_mode);
  p.count_include_pad = static_cast<uint32_t>(c.count_include_pad);
  return p;
}

void fill(float *base, const tensor_shape &shape, int64_t data, int64_t seed, role r) {
  uint64_t index = hash(static_cast<uint64_t>(seed) * 8 + static_cast<uint64_t>(r));
  const float special = data == one_nan ? std::numeric_limits<float>::quiet_NaN()
                        : seed % 2      ? -std::numeric_limits<float>::infinity()
                                        : std::numeric_limits<float>::infinity();
  int64_t until_special = (data == one_nan || data == one_inf) && r == role::src ? seed : -1;
  for (int64_t n = 0; n < shape.size[0]; ++n)
    for (int64_t c = 0; c < shape.size[1]; ++c)
      for (int64_t h = 0; h < shape.size[2]; ++h)
        for (int64_t w = 0; w < shape.size[3]; ++w)
          base[shape.at(n, c, h, w)] =
              until_special-- == 0 ? special : value(hash(index++), data, r);
}

}  // namespace swconv_test
