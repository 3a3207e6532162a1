// SPDX-License-Identifier: MIT
/// @file table.hpp
/// What an instruction set's object file offers to the dispatcher: one table of functions over
/// plain data. Nothing here has code, so nothing here can leak between instruction sets.
#pragma once

#include "swconv.h"

namespace swconv {
namespace abi {

/// A plan: plain data that only the table which made it can read.
struct plan_state {
  alignas(8) unsigned char bytes[1024];
};

/// One per instruction set. Statuses, messages and ownership are those of swconv.h.
struct isa_table {
  const char *name;                 ///< "avx512", "avx2", "sse2", "neon", "counting", "portable"
  uint32_t lanes;                   ///< f32 lanes of a full vector
  uint32_t has_fma;                 ///< 0: multiply and add are rounded separately
  const char *const *kernel_names;  ///< every kernel instantiated, "family/variant"
  size_t kernel_count;
  swconv_status (*make_conv)(const swconv_conv_params *, const swconv_plan_options *, plan_state *,
                             swconv_error *);
  swconv_status (*make_pool)(const swconv_pool_params *, const swconv_plan_options *, plan_state *,
                             swconv_error *);
  void (*info)(const plan_state *, swconv_plan_info *);  ///< fills a full-size struct
  size_t (*describe)(const plan_state *, char *text, size_t capacity);
  swconv_status (*pack)(const plan_state *, const void *filter, void *packed, size_t packed_bytes,
                        swconv_error *);
  swconv_status (*run)(const plan_state *, const swconv_run_args *, swconv_error *);
  /// A sliding sum; with `needed`, only its workspace.
  swconv_status (*sliding)(const swconv_sliding_params *, const void *src, void *dst,
                           void *workspace, size_t workspace_bytes, size_t *needed,
                           swconv_error *);
  swconv_status (*max_pool)(const swconv_pool_params *, const void *src, void *dst,
                            int64_t *indices, uint32_t storage_order, const swconv_threads *,
                            swconv_error *);
  swconv_status (*adaptive_pool)(const swconv_pool_params *, const int64_t *dst_size,
                                 const void *src, void *dst, const swconv_threads *,
                                 swconv_error *);
};

}  // namespace abi
}  // namespace swconv

// The tables of src/kernels/. Null-terminated lists are the dispatcher's business.
extern "C" {
#if defined(__x86_64__) || defined(_M_X64)
extern const swconv::abi::isa_table swconv_table_avx512, swconv_table_avx2, swconv_table_sse2;
#elif defined(__aarch64__)
extern const swconv::abi::isa_table swconv_table_neon;
#else
extern const swconv::abi::isa_table swconv_table_portable;
#endif
}
