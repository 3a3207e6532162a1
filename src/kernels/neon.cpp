// SPDX-License-Identifier: MIT
/// @file neon.cpp
/// The kernels for AArch64 NEON.
#include "swconv/isa_table.hpp"

extern "C" constexpr swconv::abi::isa_table swconv_table_neon = swconv::detail::table;
