// SPDX-License-Identifier: MIT
/// @file sse2.cpp
/// The kernels for baseline x86-64.
#include "swconv/isa_table.hpp"

extern "C" constexpr swconv::abi::isa_table swconv_table_sse2 = swconv::detail::table;
