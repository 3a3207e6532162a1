// SPDX-License-Identifier: MIT
/// @file avx512.cpp
/// The kernels for AVX-512 (F, VL, BW, DQ).
#include "swconv/isa_table.hpp"

extern "C" constexpr swconv::abi::isa_table swconv_table_avx512 = swconv::detail::table;
