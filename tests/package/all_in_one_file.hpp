// SPDX-License-Identifier: MIT
#pragma once

/// The layer computed in all three ways within one file that knows neither exceptions nor RTTI.
/// 0, or the number of the way that failed.
int run_all_three_ways();
