// SPDX-License-Identifier: MIT
/// @file coverage.hpp
/// Which kernels of which instruction sets have been run and found right. A kernel without a case
/// fails the run: adding one to a list adds it here.
#pragma once

#include <cstdint>
#include <string>

namespace swconv_test {

/// Counts one checked run. Safe to call from many threads.
void count_run(const std::string &isa, const std::string &kernel);

int64_t runs_counted();

/// A table, one line per kernel (family/size), one column per instruction set.
std::string coverage_table();

/// The kernels of swconv_kernels() that no run has used, one per line; empty is good.
std::string uncovered_kernels();

}  // namespace swconv_test
