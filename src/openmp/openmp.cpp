// SPDX-License-Identifier: MIT
// libswconv_openmp: the OpenMP parallel_for of openmp.hpp, compiled once for those who link.
//
// It calls nothing of the core library and the core calls nothing of it, so the core may be
// unloaded first. It is itself linked never to be unloaded: OpenMP's idle threads live on in the
// runtime, which would be unmapped beneath them.
#include <limits.h>

#include <swconv/openmp.h>
#include <swconv/openmp.hpp>

extern "C" swconv_status swconv_openmp_threads(swconv_threads *threads, uint32_t num_threads) {
  if (threads == nullptr || num_threads > INT_MAX) return SWCONV_INVALID_ARGUMENT;
  *threads = swconv::openmp_threads(num_threads);
  return SWCONV_OK;
}
