// SPDX-License-Identifier: MIT
/// @file command.hpp
/// The commands of the tool. Each declares its arguments; CLI11 calls what belongs to the one that
/// was given. Failures are exceptions with a sentence, which `main` prints.
#pragma once

#include <CLI/CLI.hpp>
#include <stdexcept>

#include "swconv/linked.hpp"

namespace swconv_tool {

void add_info(CLI::App &app);
void add_explain(CLI::App &app);
void add_filter(CLI::App &app);

/// Throws the library's own sentence where a call failed.
inline void require(swconv::status status, const swconv::error &error) {
  if (status != swconv::status::ok) throw std::runtime_error(error.message);
}

/// Threads by OpenMP; null for one.
const swconv_threads *threads_of(unsigned count);

/// What --threads may be. CLI::PositiveNumber would print the largest double.
inline CLI::Validator thread_counts() { return CLI::Range(1, 1024); }

}  // namespace swconv_tool
