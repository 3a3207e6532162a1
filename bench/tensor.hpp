// SPDX-License-Identifier: MIT
/// @file tensor.hpp
/// Memory of the benchmark.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace swconv_bench {

/// Floats at a chosen distance from a cache line. Tensors that a caller hands to a library lie 4
/// bytes off, because real ones do not lie on cache lines; a library's own buffers do.
class tensor {
 public:
  tensor() = default;
  explicit tensor(int64_t size, size_t offset_bytes = 4) : size_(size) {
    // A tail: some peers (XNNPACK) read up to a vector beyond the end.
    const size_t bytes = (size_t(size) * sizeof(float) + offset_bytes + 128 + 63) / 64 * 64;
    memory_.reset(static_cast<char *>(std::aligned_alloc(64, bytes)));
    if (!memory_) throw std::bad_alloc();
    data_ = reinterpret_cast<float *>(memory_.get() + offset_bytes);
    fill(0);
  }
  static tensor aligned(int64_t size) { return tensor(size, 0); }

  float *data() { return data_; }
  const float *data() const { return data_; }
  int64_t size() const { return size_; }
  void fill(float value) {
    for (int64_t i = 0; i < size_; ++i) data_[i] = value;
  }
  /// Uniform in [-1, 1), the same numbers on every machine.
  void fill_random(uint64_t seed) {
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (int64_t i = 0; i < size_; ++i) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      data_[i] = float(int32_t(state >> 32)) * 0x1p-31f;
    }
  }

 private:
  struct deallocate {
    void operator()(char *memory) const { std::free(memory); }
  };
  std::unique_ptr<char, deallocate> memory_;
  float *data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace swconv_bench
