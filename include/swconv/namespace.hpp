// SPDX-License-Identifier: MIT
/// @file namespace.hpp
/// The inline namespace of everything header-only, and the instruction set it is compiled for.
///
/// An inline function compiled for AVX-512 in one object and for SSE2 in another is one symbol to
/// the linker, which keeps either. So the namespace spells out what the compiler was allowed to
/// use: objects compiled with different flags never share a symbol (docs/isa-safety.md).
#pragma once

#if defined(SWCONV_ARCH_COUNTING)
#define SWCONV_ISA_COUNTING 1
#define SWCONV_ISA_NAME counting
#elif defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define SWCONV_ISA_AVX512 1
#define SWCONV_ISA_NAME avx512
#elif defined(__AVX2__) && defined(__FMA__)
#define SWCONV_ISA_AVX2 1
#define SWCONV_ISA_NAME avx2
#elif defined(__SSE2__)
#define SWCONV_ISA_SSE2 1
#define SWCONV_ISA_NAME sse2
#elif defined(__aarch64__) && defined(__ARM_NEON)
#define SWCONV_ISA_NEON 1
#define SWCONV_ISA_NAME neon
#else
#define SWCONV_ISA_PORTABLE 1
#define SWCONV_ISA_NAME portable
#endif

// One digit per extension a compiler may use by itself: objects for AVX and for SSE4.1 differ, too.
#if defined(__SSE4_1__) || defined(__ARM_FEATURE_DOTPROD)
#define SWCONV_BIT_0 1
#else
#define SWCONV_BIT_0 0
#endif
#if defined(__SSE4_2__) || defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
#define SWCONV_BIT_1 1
#else
#define SWCONV_BIT_1 0
#endif
#if defined(__AVX__) || defined(__ARM_FEATURE_SVE)
#define SWCONV_BIT_2 1
#else
#define SWCONV_BIT_2 0
#endif
#if defined(__FMA__) || defined(__ARM_FEATURE_SVE2)
#define SWCONV_BIT_3 1
#else
#define SWCONV_BIT_3 0
#endif
#if defined(__AVX2__) || defined(__ARM_FEATURE_ATOMICS)
#define SWCONV_BIT_4 1
#else
#define SWCONV_BIT_4 0
#endif
#if defined(__BMI2__)
#define SWCONV_BIT_5 1
#else
#define SWCONV_BIT_5 0
#endif
#if defined(__AVX512F__)
#define SWCONV_BIT_6 1
#else
#define SWCONV_BIT_6 0
#endif
#if defined(__AVX512VBMI__)
#define SWCONV_BIT_7 1
#else
#define SWCONV_BIT_7 0
#endif
#if defined(__AVX512FP16__)
#define SWCONV_BIT_8 1
#else
#define SWCONV_BIT_8 0
#endif

#define SWCONV_JOIN_(isa, a, b, c, d, e, f, g, h, i) v0_1_##isa##_##a##b##c##d##e##f##g##h##i
#define SWCONV_JOIN(isa, a, b, c, d, e, f, g, h, i) SWCONV_JOIN_(isa, a, b, c, d, e, f, g, h, i)
/// The inline namespace, e.g. `v0_1_avx2_111111000`.
#define SWCONV_TAG                                                                              \
  SWCONV_JOIN(SWCONV_ISA_NAME, SWCONV_BIT_0, SWCONV_BIT_1, SWCONV_BIT_2, SWCONV_BIT_3,          \
              SWCONV_BIT_4, SWCONV_BIT_5, SWCONV_BIT_6, SWCONV_BIT_7, SWCONV_BIT_8)
#define SWCONV_STRING_(x) #x
#define SWCONV_STRING(x) SWCONV_STRING_(x)

#define SWCONV_BEGIN_NAMESPACE \
  namespace swconv {           \
  inline namespace SWCONV_TAG {
#define SWCONV_END_NAMESPACE \
  }                          \
  }

// Without optimisation nothing is forced inline: the objects would grow a hundredfold.
#if defined(__OPTIMIZE__)
#define SWCONV_ALWAYS_INLINE inline __attribute__((always_inline))
/// Marks a lambda whose body must dissolve into its caller.
#define SWCONV_INLINE_LAMBDA __attribute__((always_inline))
#else
#define SWCONV_ALWAYS_INLINE inline
#define SWCONV_INLINE_LAMBDA
#endif
#define SWCONV_NOINLINE __attribute__((noinline))
/// What runs once per plan: compiled for size.
#define SWCONV_COLD __attribute__((cold))
