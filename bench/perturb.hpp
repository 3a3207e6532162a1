// SPDX-License-Identifier: MIT
/// @file perturb.hpp
/// Layers a little different from those of the suite. What counts is the rule, not the list: a
/// kernel that is fast at width 56 only is a kernel for a benchmark.
#pragma once

#include "session.hpp"

namespace swconv_bench {

/// `layers`, each followed by its neighbours: one to three more or less in width, height or
/// channels (per group), dilation 2, and all of the padding on one side. Neighbours are named after
/// their parent, `parent~w+1`. Convolutions of fewer than 10^5 multiply-adds and pooling are left
/// out.
std::vector<layer> with_neighbours(const std::vector<layer> &layers);

/// One line per parent: its share of the limit and that of its worst neighbours. Neighbours more
/// than ten points below their parent are listed. Returns how many results were wrong.
int print_perturbed(session &s);

}  // namespace swconv_bench
