// SPDX-License-Identifier: MIT
#include "memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "settings.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#endif
#endif
#if !defined(ASAN_POISON_MEMORY_REGION)
#define ASAN_POISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#endif
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_NOACCESS(begin, bytes) ((void)(begin), (void)(bytes))
#define VALGRIND_MAKE_MEM_DEFINED(begin, bytes) ((void)(begin), (void)(bytes))
#endif

namespace swconv_test {
namespace {

const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
constexpr size_t slack = 256;  // bytes filled and watched on the side without a protected page
constexpr uint32_t canary_bits = 0x7fc5ca4au;

/// For the address sanitiser and valgrind, which see more than a protected page does.
void forbid(const unsigned char *begin, const unsigned char *end) {
  ASAN_POISON_MEMORY_REGION(begin, static_cast<size_t>(end - begin));
  VALGRIND_MAKE_MEM_NOACCESS(begin, static_cast<size_t>(end - begin));
}
void allow(const unsigned char *begin, size_t bytes) {
  ASAN_UNPOISON_MEMORY_REGION(begin, bytes);
  VALGRIND_MAKE_MEM_DEFINED(begin, bytes);
}

void fill(unsigned char *begin, size_t bytes) {
  for (size_t i = 0; i + 4 <= bytes; i += 4) std::memcpy(begin + i, &canary_bits, 4);
}

unsigned char *next_word(unsigned char *at) { return at + (0 - reinterpret_cast<uintptr_t>(at)) % 4; }

bool filled(const unsigned char *begin, size_t bytes) {
  for (size_t i = 0; i + 4 <= bytes; i += 4)
    if (std::memcmp(begin + i, &canary_bits, 4) != 0) return false;
  return true;
}

}  // namespace

bool pages_are_protected() {
#if defined(__x86_64__)
  return !environment_flag("SWCONV_TEST_EMULATED");
#else
  return true;
#endif
}

float canary() {
  float value;
  std::memcpy(&value, &canary_bits, 4);
  return value;
}

void guarded_memory::release() {
  if (!mapping_) return;
  allow(mapping_, mapped_);
  munmap(mapping_, mapped_);
  mapping_ = nullptr;
}

guarded_memory::~guarded_memory() { release(); }

void *guarded_memory::take(size_t bytes, size_t alignment, edge side, size_t gap) {
  const size_t needed = (bytes + alignment + gap + slack + page - 1) / page * page + 2 * page;
  if (needed > mapped_ || !mapping_) {
    release();
    mapped_ = std::max(needed, 18 * page);  // few regrowths for small cases
    void *memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("mmap");
      std::abort();
    }
    mapping_ = static_cast<unsigned char *>(memory);
    if (pages_are_protected()) {
      mprotect(mapping_, page, PROT_NONE);
      mprotect(mapping_ + mapped_ - page, page, PROT_NONE);
    }
  }
  block_bytes_ = bytes;
  allow(mapping_, mapped_);
  if (side == edge::front) {
    block_ = mapping_ + page + gap;
    fill(mapping_ + page, gap + bytes + slack);
  } else {
    unsigned char *end = mapping_ + mapped_ - page;
    block_ = end - gap - bytes;
    block_ -= reinterpret_cast<uintptr_t>(block_) % alignment;
    unsigned char *from = block_ - slack;
    from -= reinterpret_cast<uintptr_t>(from) % 4;
    fill(from, static_cast<size_t>(end - from));
  }
  close();
  return block_;
}

void guarded_memory::close() const {
  forbid(mapping_, block_);
  forbid(block_ + block_bytes_, mapping_ + mapped_);
}

bool guarded_memory::slack_is_intact() const {
  unsigned char *first = mapping_ + page, *last = mapping_ + mapped_ - page;
  // Whole words are filled: beside a block of bytes, up to three of them are not watched.
  unsigned char *before = next_word(std::max(first, block_ - slack));
  unsigned char *after = next_word(block_ + block_bytes_);
  const size_t behind = after < last ? std::min<size_t>(slack - 4, static_cast<size_t>(last - after)) : 0;
  allow(mapping_, mapped_);
  const bool intact = filled(before, static_cast<size_t>(std::max(before, block_) - before)) && filled(after, behind);
  close();
  return intact;
}

}  // namespace swconv_test
