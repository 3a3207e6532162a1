// SPDX-License-Identifier: MIT
/// @file unroll.hpp
/// A tile of accumulators stays in registers only if every index into it becomes a constant. Two
/// ways there: SWCONV_UNROLL before a loop with constant bounds, which compiles fast, and unroll<N>,
/// where the index must be a constant of the language (a template argument).
#pragma once

#include <utility>

#include "../namespace.hpp"

#if defined(__clang__)
#define SWCONV_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SWCONV_UNROLL _Pragma("GCC unroll 64")
#endif

/// Hides where a pointer comes from. Without it g++ sees that the next tap reads most pixels of this
/// one again, keeps them in registers and broadcasts from there, which costs a shuffle per FMA
/// where a broadcast from memory is free.
#define SWCONV_OPAQUE(pointer) __asm__("" : "+r"(pointer))

SWCONV_BEGIN_NAMESPACE
namespace simd {

/// An integer that is part of its type. (std::integral_constant would do, but at -O0 its conversion
/// is an untagged symbol.)
template <int I>
struct index {
  static constexpr int value = I;
  SWCONV_ALWAYS_INLINE constexpr operator int() const { return I; }
};

template <class F, int... I>
SWCONV_ALWAYS_INLINE void unroll_sequence(F &&f, std::integer_sequence<int, I...>) {
  (f(index<I>{}), ...);
}

/// Calls f(index<0>), f(index<1>), … f(index<N - 1>).
template <int N, class F>
SWCONV_ALWAYS_INLINE void unroll(F &&f) {
  unroll_sequence(f, std::make_integer_sequence<int, N>{});
}

}  // namespace simd
SWCONV_END_NAMESPACE
