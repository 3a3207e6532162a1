// SPDX-License-Identifier: MIT
/// @file avx2.cpp
/// The kernels for AVX2 with FMA.
#include "swconv/isa_table.hpp"

extern "C" constexpr swconv::abi::isa_table swconv_table_avx2 = swconv::detail::table;
