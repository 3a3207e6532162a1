// SPDX-License-Identifier: MIT
#include "match.hpp"

#include <cmath>
#include <cstring>
#include <limits>

#include "attributes.hpp"

namespace swconv_ort {
namespace {

bool is(const node &n, const char *op) { return n.domain.empty() && n.op == op; }

// The one node that reads v, if nobody else sees v.
const node *only_reader(const value &v) {
  return v.graph_output || v.readers.size() != 1 ? nullptr : v.readers[0];
}

// v is read by one node of each kind, and by nobody else.
bool both_readers(const value &v, const char *inner, const node *&a, const node *&mul) {
  if (v.graph_output || v.readers.size() != 2) return false;
  for (size_t i = 0; i < 2; ++i) {
    a = v.readers[i];
    mul = v.readers[1 - i];
    if (is(*a, inner) && is(*mul, "Mul")) return true;
  }
  return false;
}

const value *other_input(const node &n, const value *one) {
  if (n.inputs.size() != 2) return nullptr;
  if (n.inputs[0] == one) return n.inputs[1];
  return n.inputs[1] == one ? n.inputs[0] : nullptr;
}

bool near(float a, double b) { return std::fabs(a - b) <= 1e-6 * std::fabs(b); }

// ----- the convolution or pool itself

// Every attribute of the window, into `spec`. Pads that are negative or missing an end stay with
// the CPU provider, as do all sizes that no plan would take.
bool read_window(const attributes &a, match &m) {
  layer_spec &s = m.spec;
  const auto axes = static_cast<size_t>(s.spatial_dims), first = 2 - axes;
  std::vector<int64_t> stride(axes, 1), dilation(axes, 1), pads(2 * axes, 0);
  if (!a.get("strides", stride) || !a.get("dilations", dilation) || !a.get("pads", pads) ||
      !a.get("auto_pad", s.auto_pad) || stride.size() != axes || dilation.size() != axes ||
      pads.size() != 2 * axes) {
    m.reason = "its strides, dilations or pads do not fit its rank";
    return false;
  }
  const bool explicit_pads = s.auto_pad == "NOTSET";
  if (!explicit_pads && s.auto_pad != "SAME_UPPER" && s.auto_pad != "SAME_LOWER" &&
      s.auto_pad != "VALID") {
    m.reason = "auto_pad=" + s.auto_pad;
    return false;
  }
  for (size_t i = 0; i < axes; ++i) {
    s.stride[first + i] = stride[i];
    s.dilation[first + i] = dilation[i];
    s.pad_begin[first + i] = explicit_pads ? pads[i] : 0;
    s.pad_end[first + i] = explicit_pads ? pads[axes + i] : 0;
    if (stride[i] < 1 || dilation[i] < 1 || s.pad_begin[first + i] < 0 ||
        s.pad_end[first + i] < 0) {
      m.reason = "a stride or dilation below 1, or a negative pad";
      return false;
    }
  }
  return true;
}

bool read_conv(const graph &g, const node &n, match &m) {
  const auto input = [&n](size_t i) { return i < n.inputs.size() ? n.inputs[i] : nullptr; };
  m.src = input(0);
  m.filter = input(1);
  m.bias = input(2);
  layer_spec &s = m.spec;
  if (m.src == nullptr || m.filter == nullptr || !m.filter->is_float) {
    m.reason = "not f32";
    return false;
  }
  const std::vector<int64_t> &f = m.filter->dims;
  if (!m.filter->constant || (f.size() != 3 && f.size() != 4)) {
    m.reason = m.filter->constant ? "neither 1-D nor 2-D" : "its filter is not constant";
    return false;
  }
  for (const int64_t extent : f)
    if (extent < 1) {
      m.reason = "an empty filter";
      return false;
    }
  if (m.bias != nullptr && (!m.bias->constant || m.bias->dims != std::vector<int64_t>{f[0]})) {
    m.reason = "its bias is not a constant per channel";
    return false;
  }
  s.spatial_dims = static_cast<int>(f.size()) - 2;
  s.out_channels = f[0];
  s.group_channels = f[1];
  s.window = {f.size() == 4 ? f[2] : 1, f.back()};
  const attributes a(g.apis(), n);
  std::vector<int64_t> window(f.begin() + 2, f.end());
  if (!a.get("group", s.groups) || s.groups < 1 || s.out_channels % s.groups != 0 ||
      s.group_channels > std::numeric_limits<int64_t>::max() / s.groups) {
    m.reason = "its groups do not divide its channels";
    return false;
  }
  if (!a.get("kernel_shape", window) || window != std::vector<int64_t>(f.begin() + 2, f.end())) {
    m.reason = "kernel_shape is not that of the filter";
    return false;
  }
  return read_window(a, m);
}

bool read_pool(const graph &g, const node &n, match &m) {
  m.src = n.inputs.empty() ? nullptr : n.inputs[0];
  layer_spec &s = m.spec;
  s.pool = true;
  s.global = n.op.compare(0, 6, "Global") == 0;
  s.kind = n.op.find("Max") != std::string::npos ? SWCONV_POOL_MAX : SWCONV_POOL_AVG;
  if (m.src == nullptr || !m.src->is_float) {
    m.reason = "not f32";
    return false;
  }
  if (n.outputs.size() > 1 && n.outputs[1] != nullptr) {
    m.reason = "indices are wanted";
    return false;
  }
  const attributes a(g.apis(), n);
  std::vector<int64_t> window;
  if (!a.get("kernel_shape", window)) window.clear();
  const size_t axes = !s.global                ? window.size()
                      : m.src->dims.size() < 2 ? 0
                                               : m.src->dims.size() - 2;
  if (axes != 1 && axes != 2) {
    m.reason = "neither 1-D nor 2-D";
    return false;
  }
  s.spatial_dims = static_cast<int>(axes);
  if (s.global) return true;
  for (size_t i = 0; i < axes; ++i) {
    if (window[i] < 1) {
      m.reason = "an empty window";
      return false;
    }
    s.window[2 - axes + i] = window[i];
  }
  int64_t ceil = 0, count = 0;
  if (!a.get("ceil_mode", ceil) || !a.get("count_include_pad", count)) {
    m.reason = "attributes of the wrong type";
    return false;
  }
  s.ceil = ceil != 0;
  s.count_include_pad = count != 0;
  // ONNX Runtime's versions do not agree on what a window beyond the padding is divided by.
  if (s.ceil && s.kind == SWCONV_POOL_AVG) {
    m.reason = "an average with ceil_mode";
    return false;
  }
  if (!read_window(a, m)) return false;
  for (size_t i = 0; i < 2; ++i)
    if (s.pad_begin[i] >= s.window[i] || s.pad_end[i] >= s.window[i]) {
      m.reason = "pads as large as the window";
      return false;
    }
  return true;
}

// ----- what follows

bool any_taken(const std::vector<bool> &taken, std::initializer_list<const node *> nodes) {
  for (const node *n : nodes)
    if (taken[n->index]) return true;
  return false;
}

void take(match &m, const node &n) {
  m.nodes.push_back(&n);
  m.dst = n.outputs[0];
}

// An Add whose other side may be shaped like dst. Shapes that are not known to differ are checked
// when they come.
void take_residual(match &m, const std::vector<bool> &taken) {
  const node *add = only_reader(*m.dst);
  if (add == nullptr || !is(*add, "Add") || any_taken(taken, {add})) return;
  const value *other = other_input(*add, m.dst);
  if (other == nullptr || other == m.dst || other->constant || !other->is_float) return;
  const std::vector<int64_t> &a = m.dst->dims, &b = other->dims;
  if (!b.empty() && b.size() != static_cast<size_t>(m.spec.spatial_dims) + 2) return;
  for (size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] != b[i] && a[i] >= 0 && b[i] >= 0) return;
    // One side only: a 1 there would be spread.
    if ((a[i] == 1) != (b[i] == 1)) return;
  }
  m.residual = other;
  m.spec.residual = true;
  take(m, *add);
}

bool set_activation(match &m, swconv_activation kind, float alpha = 0, float beta = 0) {
  m.spec.activation = kind;
  m.spec.alpha = alpha;
  m.spec.beta = beta;
  return true;
}

bool clip_bounds(const graph &g, const node &n, float &low, float &high) {
  low = -std::numeric_limits<float>::infinity();
  high = std::numeric_limits<float>::infinity();
  if (n.since < 11) {
    const attributes a(g.apis(), n);
    return a.get("min", low) && a.get("max", high);
  }
  const auto bound = [&](size_t i, float &to) {
    return i >= n.inputs.size() || n.inputs[i] == nullptr || g.scalar(n.inputs[i], to);
  };
  return bound(1, low) && bound(2, high) && low <= high;
}

bool simple_activation(const graph &g, const node &n, match &m) {
  if (is(n, "Relu")) return set_activation(m, SWCONV_ACT_RELU);
  if (is(n, "Sigmoid")) return set_activation(m, SWCONV_ACT_SIGMOID);
  if (is(n, "Tanh")) return set_activation(m, SWCONV_ACT_TANH);
  if (is(n, "HardSwish")) return set_activation(m, SWCONV_ACT_HARD_SWISH);
  const attributes a(g.apis(), n);
  if (is(n, "LeakyRelu")) {
    float alpha = 0.01f;
    return a.get("alpha", alpha) && set_activation(m, SWCONV_ACT_LEAKY_RELU, alpha);
  }
  if (is(n, "HardSigmoid")) {
    float alpha = 0.2f, beta = 0.5f;
    return a.get("alpha", alpha) && a.get("beta", beta) &&
           set_activation(m, SWCONV_ACT_HARD_SIGMOID, alpha, beta);
  }
  float low, high;
  return is(n, "Clip") && m.dst == n.inputs[0] && clip_bounds(g, n, low, high) &&
         set_activation(m, SWCONV_ACT_CLAMP, low, high);
}

// x * sigmoid(x), and x * hard_sigmoid(x) with the slopes of hard_swish.
bool take_gate(const graph &g, match &m, const std::vector<bool> &taken) {
  const node *gate = nullptr, *mul = nullptr;
  const bool silu = both_readers(*m.dst, "Sigmoid", gate, mul);
  if (!silu && !both_readers(*m.dst, "HardSigmoid", gate, mul)) return false;
  if (any_taken(taken, {gate, mul}) || only_reader(*gate->outputs[0]) != mul ||
      other_input(*mul, m.dst) != gate->outputs[0])
    return false;
  if (!silu) {
    float alpha = 0.2f, beta = 0.5f;
    const attributes a(g.apis(), *gate);
    if (!a.get("alpha", alpha) || !a.get("beta", beta) || !near(alpha, 1.0 / 6) || !near(beta, 0.5))
      return false;
  }
  take(m, *gate);
  take(m, *mul);
  return set_activation(m, silu ? SWCONV_ACT_SILU : SWCONV_ACT_HARD_SWISH);
}

// hard_swish as exporters write it out: x * clip(x + 3, 0, 6) / 6.
bool take_written_out_hard_swish(const graph &g, match &m, const std::vector<bool> &taken) {
  const node *add = nullptr, *mul = nullptr;
  if (!both_readers(*m.dst, "Add", add, mul)) return false;
  float constant;
  if (!g.scalar(other_input(*add, m.dst), constant) || constant != 3) return false;
  const node *clip = only_reader(*add->outputs[0]);
  float low, high;
  if (clip == nullptr || !is(*clip, "Clip") || clip->inputs[0] != add->outputs[0] ||
      !clip_bounds(g, *clip, low, high) || low != 0 || high != 6)
    return false;
  if (only_reader(*clip->outputs[0]) != mul || other_input(*mul, m.dst) != clip->outputs[0])
    return false;
  const node *scale = only_reader(*mul->outputs[0]);
  if (scale == nullptr || !g.scalar(other_input(*scale, mul->outputs[0]), constant)) return false;
  if (any_taken(taken, {add, clip, mul, scale})) return false;
  const bool divides = is(*scale, "Div") && scale->inputs[0] == mul->outputs[0] && constant == 6;
  if (!divides && !(is(*scale, "Mul") && near(constant, 1.0 / 6))) return false;
  for (const node *n : {add, clip, mul, scale}) take(m, *n);
  return set_activation(m, SWCONV_ACT_HARD_SWISH);
}

void take_activation(const graph &g, match &m, const std::vector<bool> &taken) {
  if (take_gate(g, m, taken) || take_written_out_hard_swish(g, m, taken)) return;
  const node *n = only_reader(*m.dst);
  if (n != nullptr && !any_taken(taken, {n}) && simple_activation(g, *n, m)) take(m, *n);
}

}  // namespace

std::string match::operators() const {
  std::string text;
  for (const node *n : nodes) text += (text.empty() ? "" : "+") + n->op;
  return text;
}

bool match::known_shape(shape &result) const {
  const auto rank = static_cast<size_t>(spec.spatial_dims) + 2;
  if (src->dims.size() != rank) return false;
  for (const int64_t d : src->dims)
    if (d < 0) return false;
  result = {src->dims[0], src->dims[1], rank == 4 ? src->dims[2] : 1, src->dims[rank - 1]};
  return true;
}

bool is_served(const node &n) {
  for (const char *op : {"Conv", "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool"})
    if (is(n, op)) return true;
  return false;
}

match match_at(const graph &g, const node &n, const std::vector<bool> &taken) {
  match m;
  if (!(n.op == "Conv" ? read_conv(g, n, m) : read_pool(g, n, m))) return m;
  const auto rank = static_cast<size_t>(m.spec.spatial_dims) + 2;
  if (!m.src->dims.empty() && m.src->dims.size() != rank) {
    m.reason = "the rank of its input is not that of its window";
    return m;
  }
  take(m, n);
  if (m.spec.pool) return m;
  take_residual(m, taken);
  take_activation(g, m, taken);
  return m;
}

}  // namespace swconv_ort
