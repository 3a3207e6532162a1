// SPDX-License-Identifier: MIT
/// @file core_cases.hpp
/// The cases that every implementation runs: linked, header-only, under emulators, and the toy
/// that must fail them. Together they touch each attribute, each pair of attributes and each family.
#pragma once

#include <vector>

#include "case.hpp"

namespace swconv_test {

/// Covering arrays over the whole attribute domain, one per kind of layer.
std::vector<conv_case> pairwise_convolutions(uint64_t seed);
/// Layers chosen by hand: degenerate axes, wide filters, long signals, every activation.
std::vector<conv_case> special_convolutions();
/// math = fast, for every way to cut a layer into tiles.
std::vector<conv_case> fast_convolutions(uint64_t seed);
std::vector<pool_case> pairwise_pools(uint64_t seed);
std::vector<pool_case> special_pools();

}  // namespace swconv_test
