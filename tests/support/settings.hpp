// SPDX-License-Identifier: MIT
/// @file settings.hpp
/// How much to test, from the environment. Read once.
#pragma once

#include <cstdlib>
#include <cstring>

/// Is this program watched by the address or the thread sanitiser?
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SWCONV_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SWCONV_TEST_SANITIZED 1
#endif
#endif

namespace swconv_test {

/// quick: for emulators. standard: a few minutes. full: the whole product of sizes (`--long`).
enum class effort { quick, standard, full };

inline bool environment_flag(const char *name) {
  const char *value = std::getenv(name);
  return value && *value && std::strcmp(value, "0") != 0;
}

inline effort test_effort() {
  static const effort chosen = environment_flag("SWCONV_TEST_LONG")    ? effort::full
                               : environment_flag("SWCONV_TEST_QUICK") ? effort::quick
                                                                       : effort::standard;
  return chosen;
}

/// The value that belongs to the chosen effort.
template <class T>
T by_effort(T quick, T standard, T full) {
  switch (test_effort()) {
    case effort::quick: return quick;
    case effort::full: return full;
    default: return standard;
  }
}

}  // namespace swconv_test
