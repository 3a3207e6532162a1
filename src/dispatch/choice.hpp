// SPDX-License-Identifier: MIT
/// @file choice.hpp
/// Which table serves a call: the caller's wish, else the environment's, else the best.
#pragma once

#include <swconv/table.hpp>

namespace swconv {
namespace dispatch {

/// The outcome for one plan.
struct choice {
  const abi::isa_table *table = nullptr;
  const char *force_kernel = nullptr;  ///< of the caller or the environment, or NULL
};

/// `options` may be NULL. SWCONV_FORCE_ISA and SWCONV_FORCE_KERNEL are read once per process and
/// yield to the options. Fails if an instruction set or kernel is asked for that is not there;
/// whether the kernel can serve a layer is for the table to say.
swconv_status choose(const swconv_plan_options *options, choice *result,
                     swconv_error *error) noexcept;

/// Tables that this build holds and this machine runs, best first; NULL beyond the last.
const abi::isa_table *usable_table(size_t index) noexcept;
/// By name, or the best if `name` is NULL; NULL if there is none.
const abi::isa_table *find_table(const char *name) noexcept;

}  // namespace dispatch
}  // namespace swconv
