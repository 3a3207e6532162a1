// SPDX-License-Identifier: MIT
/// @file denormals.hpp
/// Denormals as zero for the life of an object, on the calling thread; the control register is put
/// back as it was.
#pragma once

#include <stdint.h>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "../namespace.hpp"

SWCONV_BEGIN_NAMESPACE
namespace simd {

class flushed_denormals {
 public:
  explicit flushed_denormals(bool wanted) : before_(wanted ? get() : 0), wanted_(wanted) {
    if (wanted_) set(before_ | flush_bits);
  }
  ~flushed_denormals() {
    if (wanted_) set(before_);
  }
  flushed_denormals(const flushed_denormals &) = delete;
  flushed_denormals &operator=(const flushed_denormals &) = delete;

 private:
#if defined(__SSE2__)
  using word = unsigned;
  static constexpr word flush_bits = 0x8040;  // FTZ and DAZ
  static SWCONV_ALWAYS_INLINE word get() { return _mm_getcsr(); }
  static SWCONV_ALWAYS_INLINE void set(word w) { _mm_setcsr(w); }
#elif defined(__aarch64__)
  using word = uint64_t;
  static constexpr word flush_bits = uint64_t{1} << 24;  // FPCR.FZ
  static SWCONV_ALWAYS_INLINE word get() {
    word w;
    __asm__ volatile("mrs %0, fpcr" : "=r"(w));
    return w;
  }
  static SWCONV_ALWAYS_INLINE void set(word w) { __asm__ volatile("msr fpcr, %0" ::"r"(w)); }
#else
  using word = unsigned;
  static constexpr word flush_bits = 0;
  static word get() { return 0; }
  static void set(word) {}
#endif
  word before_;
  bool wanted_;
};

}  // namespace simd
SWCONV_END_NAMESPACE
