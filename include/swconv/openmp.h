/* SPDX-License-Identifier: MIT */
/**
 * @file openmp.h
 * @brief OpenMP threads for the C ABI. Link libswconv_openmp; the core library knows no OpenMP.
 */
#ifndef SWCONV_OPENMP_H
#define SWCONV_OPENMP_H

#include "swconv.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fill `threads` with an OpenMP parallel_for over `num_threads` threads (0: OpenMP's default).
 * The struct may be copied and used from several threads. Inside a parallel region it runs serially.
 */
SWCONV_API swconv_status swconv_openmp_threads(swconv_threads *threads, uint32_t num_threads);

#ifdef __cplusplus
}
#endif

#endif /* SWCONV_OPENMP_H */
