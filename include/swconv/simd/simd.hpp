// SPDX-License-Identifier: MIT
/// @file simd.hpp
/// The vector types of the instruction set that this object is compiled for: `simd::isa`.
#pragma once

#include "../namespace.hpp"

#if defined(SWCONV_ISA_AVX512)
#include "x86_avx512.hpp"
#elif defined(SWCONV_ISA_AVX2)
#include "x86_avx2.hpp"
#elif defined(SWCONV_ISA_SSE2)
#include "x86_sse2.hpp"
#elif defined(SWCONV_ISA_NEON)
#include "arm_neon.hpp"
#else
#include "scalar.hpp"
#endif
