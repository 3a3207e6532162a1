// SPDX-License-Identifier: MIT
/// @file epilogue.hpp
/// act(scale · acc + bias + residual), applied to registers on their way to dst. The common forms
/// (affine, clamp) are inlined; residuals and the other activations go through one function per
/// vector type, so that every kernel does not carry its own exp.
#pragma once

#include "../simd/math.hpp"
#include "../simd/simd.hpp"
#include "problem.hpp"

SWCONV_BEGIN_NAMESPACE

/// An activation of any kind. Canonical order of operations: docs/numerics.md.
template <class V>
SWCONV_NOINLINE V activate(V x, const epilogue_spec &e) {
  const V zero = V::zero(), one = V::set1(1.0f), half = V::set1(0.5f);
  const V alpha = V::set1(e.alpha), beta = V::set1(e.beta);
  switch (e.act) {
    case SWCONV_ACT_RELU: return V::at_least(x, zero);
    case SWCONV_ACT_CLAMP: return V::at_most(V::at_least(x, alpha), beta);
    case SWCONV_ACT_LEAKY_RELU: return V::if_negative(x, V::mul(x, alpha), x);
    case SWCONV_ACT_HARD_SIGMOID:
      return V::at_most(V::at_least(V::fma(x, alpha, beta), zero), one);
    case SWCONV_ACT_HARD_SWISH:
      return V::mul(x, V::at_most(V::at_least(V::fma(x, V::set1(1.0f / 6.0f), half), zero), one));
    case SWCONV_ACT_SIGMOID: return simd::sigmoid(x);
    case SWCONV_ACT_TANH: return simd::tanh(x);
    case SWCONV_ACT_SILU: return V::mul(x, simd::sigmoid(x));
    case SWCONV_ACT_GELU:
      return V::mul(V::mul(x, half), V::add(one, simd::erf(V::mul(x, V::set1(0.70710678f)))));
    case SWCONV_ACT_GELU_TANH: {
      const V inner = V::mul(x, V::fma(V::mul(x, x), V::set1(0.044715f), one));
      return V::mul(V::mul(x, half), V::add(one, simd::tanh(V::mul(inner, V::set1(0.79788456f)))));
    }
    default: return x;
  }
}

/// The epilogue of one run, for one sample and group.
struct epilogue {
  const epilogue_spec *spec;
  const float *bias, *scale;  ///< of the group's channel 0, or null
  const float *residual;      ///< of the sample and group, or null
  int64_t residual_c, residual_h;
  bool affine;   ///< a scale or a bias
  bool clamp;    ///< relu or clamp, and nothing added before: lo and hi do it
  bool general;  ///< a residual or another activation
  float lo, hi;

  epilogue(const problem &p, const run_pointers &r, const block &b) {
    spec = &p.epilogue;
    const int64_t channel = b.g * p.out_channels;
    bias = r.bias ? r.bias + channel : nullptr;
    scale = r.scale ? r.scale + channel : nullptr;
    residual_c = p.residual.c;
    residual_h = p.residual.h;
    residual = r.residual ? r.residual + b.n * p.residual.n + channel * residual_c : nullptr;
    affine = bias != nullptr || scale != nullptr;
    const bool relu = spec->act == SWCONV_ACT_RELU;
    clamp = residual == nullptr && (relu || spec->act == SWCONV_ACT_CLAMP);
    general = residual != nullptr || (spec->act != SWCONV_ACT_NONE && !clamp);
    lo = relu ? 0.0f : spec->alpha;
    hi = relu ? __builtin_inff() : spec->beta;
  }

  // An absent bias is -0, the value that adds nothing to any number; an absent scale is 1.
  template <class V>
  SWCONV_ALWAYS_INLINE V scale_of(int64_t c) const {
    return scale ? V::broadcast(scale + c) : V::set1(1.0f);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V bias_of(int64_t c) const {
    return bias ? V::broadcast(bias + c) : V::set1(-0.0f);
  }
  /// The same with the n channels from c in the lanes.
  template <class V>
  SWCONV_ALWAYS_INLINE V scale_over(int64_t c, int64_t n) const {
    return scale ? V::load_first(scale + c, n) : V::set1(1.0f);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V bias_over(int64_t c, int64_t n) const {
    return bias ? V::load_first(bias + c, n) : V::set1(-0.0f);
  }
  template <class V>
  SWCONV_ALWAYS_INLINE V clamped(V x) const {
    return V::at_most(V::at_least(x, V::set1(lo)), V::set1(hi));
  }
  /// Residual and activation of n neighbouring columns of channel c, row h.
  template <class V>
  SWCONV_NOINLINE V finish(V x, int64_t c, int64_t h, int64_t w, int64_t n) const {
    if (residual)
      x = V::add(x, V::load_first(residual + c * residual_c + h * residual_h + w, n));
    return activate(x, *spec);
  }
};

SWCONV_END_NAMESPACE
