// SPDX-License-Identifier: MIT
/// @file openblas.hpp
/// Makes sure that the SGEMM under im2col is a good one.
#pragma once

#include <cstdint>
#include <string>

namespace swconv_bench {

/// OpenBLAS chooses its kernels while it is loaded, and takes a CPU younger than itself for an old
/// one with narrow vectors. Where that happens, set OPENBLAS_CORETYPE and start this program again.
/// Returns the name of the kernels in use.
std::string ensure_openblas_kernels(char **argv);

/// FLOP/s of a product of `size` x `size` matrices, the best of at most `rounds`; fewer
/// once `enough` is reached.
double sgemm_flops(int64_t size, int threads, int rounds, double enough);

}  // namespace swconv_bench
