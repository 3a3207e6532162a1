// SPDX-License-Identifier: MIT
/// @file input.hpp
/// What the fuzz target makes of its bytes: a layer, and in some inputs lies about it. Each value
/// takes a fixed number of bytes, so that a changed byte changes one thing; missing bytes are zero.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "case.hpp"

namespace swconv_test {

class byte_reader {
 public:
  byte_reader(const uint8_t *data, size_t size) : data_(data), left_(size) {}
  uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  /// One of first ... last, from one byte; small values are the likelier ones.
  int64_t small(int64_t first, int64_t last) {
    const int64_t span = last - first + 1, b = byte();
    return first + (b & 1 ? b / 2 % span : b / 2 % (span < 8 ? span : 8));
  }
  template <class T>
  T raw() {
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) value |= uint64_t{byte()} << 8 * i;
    return static_cast<T>(value);
  }
  bool empty() const { return left_ == 0; }

 private:
  const uint8_t *data_;
  size_t left_;
};

/// A layer of legal values (but for empty extents), no dearer than `most` multiply-adds.
conv_case read_conv(byte_reader &in, double most);
pool_case read_pool(byte_reader &in, double most);

/// A value that parsers of hostile models hand on: limits, powers of two, products that overflow.
int64_t read_hostile(byte_reader &in, int64_t honest);

/// Spoils parameters and run arguments, gives them to every instruction set and compares the
/// answers. Aborts where they differ, where dst is touched by a refused run, or where an accepted
/// layer is computed wrong. True if a run was accepted.
bool try_hostile(const conv_case &c, byte_reader &in);
bool try_hostile(const pool_case &c, byte_reader &in);

/// A sliding sum, maxima with indices or adaptive pooling, honest or not. True if it was accepted.
bool try_call(byte_reader &in);

/// Prints and aborts: how a finding reaches the fuzzer.
[[noreturn]] void finding(const std::string &what);

/// One input, whole; counts what became of it.
void run_input(const uint8_t *data, size_t size);
/// The counts as text.
std::string input_counts();

}  // namespace swconv_test
