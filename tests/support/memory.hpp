// SPDX-License-Identifier: MIT
/// @file memory.hpp
/// Memory that notices: a block stands directly before (or after) a page that nobody may touch,
/// so that reading one element past the end of a tensor is a crash, not luck. The address sanitiser
/// is told that what is beside the block is nobody's, on both sides.
#pragma once

#include <cstddef>
#include <cstdint>

namespace swconv_test {

enum class edge { front, back };

/// A reusable block between two protected pages. Not for sharing between threads.
class guarded_memory {
 public:
  guarded_memory() = default;
  guarded_memory(const guarded_memory &) = delete;
  guarded_memory &operator=(const guarded_memory &) = delete;
  ~guarded_memory();

  /// `bytes` of memory that begin (front) or end (back) `gap` bytes off a protected page; at the
  /// back they end at most `alignment - 1` bytes before that. All of it, the gap, and the slack on
  /// the open side hold NaN. Valid until the next call.
  void *take(size_t bytes, size_t alignment, edge side, size_t gap = 0);
  float *take_floats(int64_t count, edge side, int64_t gap = 0) {
    return static_cast<float *>(take(static_cast<size_t>(count) * sizeof(float), sizeof(float), side,
                                     static_cast<size_t>(gap) * sizeof(float)));
  }

  void *block() const { return block_; }

  /// True if the slack beside the block still holds what take() put there.
  bool slack_is_intact() const;

 private:
  void release();
  void close() const;  // to the address sanitiser and valgrind: all but the block
  unsigned char *mapping_ = nullptr;  // with both protected pages
  size_t mapped_ = 0;
  unsigned char *block_ = nullptr;
  size_t block_bytes_ = 0;
};

/// False under SWCONV_TEST_EMULATED on x86: qemu reads the whole vector of a masked AVX load, and
/// would fault where a CPU does not. Reads past the end are then not noticed, writes still are.
bool pages_are_protected();

/// A quiet NaN that no arithmetic makes: what gaps hold, and dst before a run.
float canary();

}  // namespace swconv_test
