/* SPDX-License-Identifier: MIT */
/**
 * @file swconv.h
 * @brief The C ABI of swconv: sliding-window convolution and pooling on CPUs.
 *
 * Life of a layer: fill a parameter struct, make a plan, optionally pack the filter, run.
 *
 * Structs. Every struct begins with `struct_size`; call its `*_init` function first. A struct may
 * grow at its end in later versions: a smaller size than the library's means defaults for the rest,
 * a larger one is accepted only if the unknown tail is zero. Reserved fields must be zero.
 *
 * Errors. Every function that can fail returns a status. The optional last argument receives the
 * detail. There is no hidden "last error".
 *
 * Threads. A plan is immutable: any number of threads may run one plan at once, each with its own
 * run arguments, workspace and dst. No function here takes a lock; only the create, destroy and
 * one-call functions allocate.
 *
 * Sizes and strides are counted in elements unless a name ends in `_bytes`.
 */
#ifndef SWCONV_H
#define SWCONV_H

#include <stddef.h>
#include <stdint.h>

/** Version of this header, by Semantic Versioning.
 * @{ */
#define SWCONV_VERSION_MAJOR 0
#define SWCONV_VERSION_MINOR 1
#define SWCONV_VERSION_PATCH 0
/** @} */
/** Binary interface number; the soname of the shared library follows it. */
#define SWCONV_ABI_VERSION 1

/** Marks what the shared library exports. */
#if defined(SWCONV_STATIC)
#define SWCONV_API
#elif defined(_WIN32)
#if defined(SWCONV_BUILDING)
#define SWCONV_API __declspec(dllexport)
#else
#define SWCONV_API __declspec(dllimport)
#endif
#else
#define SWCONV_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Outcome of a call. */
typedef uint32_t swconv_status;
enum {
  SWCONV_OK = 0,
  SWCONV_INVALID_ARGUMENT = 1,    /**< a field breaks the contract */
  SWCONV_UNSUPPORTED = 2,         /**< legal, but not implemented (yet) */
  SWCONV_SIZE_OVERFLOW = 3,       /**< a size in bytes does not fit in 63 bits */
  SWCONV_OUT_OF_MEMORY = 4,       /**< the allocator returned NULL */
  SWCONV_PACKING_MISMATCH = 5,    /**< not a packed filter of this plan, or truncated */
  SWCONV_WORKSPACE_TOO_SMALL = 6, /**< fewer bytes than the plan asked for */
  SWCONV_OVERLAP = 7              /**< an element of src and of dst share memory */
};

/** Element type of a tensor. Every struct says which it takes; convolutions take f32. */
typedef uint32_t swconv_dtype;
enum {
  SWCONV_F32 = 0,
  SWCONV_F64 = 1,
  SWCONV_F16 = 2,
  SWCONV_BF16 = 3,
  SWCONV_I8 = 4,
  SWCONV_U8 = 5,
  SWCONV_I32 = 6
};

/** Which of the three convolutions of training. Only forward is implemented. */
typedef uint32_t swconv_direction;
enum { SWCONV_FORWARD = 0, SWCONV_BACKWARD_DATA = 1, SWCONV_BACKWARD_FILTER = 2 };

/** Strict: the canonical chain of FMAs. Fast: fewer multiplications, a published error bound. */
typedef uint32_t swconv_math;
enum { SWCONV_STRICT = 0, SWCONV_FAST = 1 };

/** Bits of the `flags` fields. */
enum { SWCONV_FLUSH_DENORMALS = 1u /**< treat denormals as zero for the duration of a run */ };

/** What an epilogue operation does. They apply in this order: scale, bias, residual, activation. */
typedef uint32_t swconv_epilogue_kind;
enum {
  SWCONV_EPILOGUE_SCALE = 1,     /**< multiply by `scale[oc]` of the run arguments */
  SWCONV_EPILOGUE_RESIDUAL = 2,  /**< add `residual` of the run arguments, shaped like dst */
  SWCONV_EPILOGUE_ACTIVATION = 3 /**< apply `activation` with `alpha` and `beta` */
};

/** Activation functions. The last five promise an error (docs/numerics.md), not their bits. */
typedef uint32_t swconv_activation;
enum {
  SWCONV_ACT_NONE = 0,
  SWCONV_ACT_RELU = 1,         /**< max(x, 0); NaN stays NaN */
  SWCONV_ACT_CLAMP = 2,        /**< min(max(x, alpha), beta) */
  SWCONV_ACT_LEAKY_RELU = 3,   /**< x < 0 ? alpha * x : x */
  SWCONV_ACT_HARD_SIGMOID = 4, /**< min(max(alpha * x + beta, 0), 1) */
  SWCONV_ACT_HARD_SWISH = 5,   /**< x * min(max(x / 6 + 1/2, 0), 1) */
  SWCONV_ACT_SIGMOID = 6,      /**< 1 / (1 + exp(-x)) */
  SWCONV_ACT_TANH = 7,
  SWCONV_ACT_SILU = 8,     /**< x * sigmoid(x) */
  SWCONV_ACT_GELU = 9,     /**< x/2 * (1 + erf(x / sqrt(2))) */
  SWCONV_ACT_GELU_TANH = 10 /**< x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) */
};

/** One operation of the epilogue `act(scale * acc + bias + residual)`. */
typedef struct swconv_epilogue_op {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  swconv_epilogue_kind kind; /**< what it does */
  swconv_activation activation; /**< for SWCONV_EPILOGUE_ACTIVATION */
  float alpha;                  /**< first parameter of the activation */
  float beta;                   /**< second parameter of the activation */
  uint32_t reserved[3]; /**< must be zero */
} swconv_epilogue_op;

/**
 * A convolution (cross-correlation, as in ONNX and PyTorch). Spatial axes are depth, height,
 * width; unused leading axes have size 1, so a 1-D convolution lives in index 2.
 *
 * Shapes: src [batch][in_channels][size...], filter [out_channels][in_channels/groups][filter...],
 * bias and scale [out_channels], dst and residual [batch][out_channels][dst size...], where
 * dst = (src + pad_begin + pad_end - dilation * (filter - 1) - 1) / stride + 1, rounded down;
 * where the dilated filter exceeds the padded src the extent is 0.
 *
 * Strides of a tensor are in elements, ordered batch (or out channel), channel, depth, height,
 * width. All five zero means dense. The width stride must be 1. Padding contributes nothing:
 * a tap that falls outside src is skipped.
 */
typedef struct swconv_conv_params {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  uint32_t spatial_dims; /**< 1 or 2 (3 is reserved) */
  swconv_dtype src_dtype;    /**< SWCONV_F32 */
  swconv_dtype filter_dtype; /**< SWCONV_F32 */
  swconv_dtype bias_dtype;   /**< SWCONV_F32 */
  swconv_dtype dst_dtype;    /**< SWCONV_F32 */
  swconv_dtype acc_dtype;    /**< SWCONV_F32 */
  swconv_direction direction; /**< SWCONV_FORWARD */
  swconv_math math; /**< strict, or fewer multiplications */
  uint32_t flags; /**< SWCONV_FLUSH_DENORMALS or 0 */
  int64_t batch; /**< samples */
  int64_t groups; /**< divides both numbers of channels */
  int64_t in_channels;  /**< of all groups together */
  int64_t out_channels; /**< of all groups together */
  int64_t src_size[3]; /**< extents of src: depth, height, width */
  int64_t filter_size[3]; /**< extents of the filter */
  int64_t stride[3]; /**< distance between neighbouring windows */
  int64_t dilation[3]; /**< distance between neighbouring taps */
  int64_t pad_begin[3]; /**< padding before the first element of each axis */
  int64_t pad_end[3]; /**< padding after the last */
  int64_t src_stride[5]; /**< strides of src; all zero: dense */
  int64_t filter_stride[5]; /**< strides of the filter; all zero: dense */
  int64_t dst_stride[5]; /**< strides of dst; all zero: dense */
  int64_t residual_stride[5]; /**< strides of residual; all zero: dense */
  const swconv_epilogue_op *epilogue; /**< array, copied by the plan; every element has the same struct_size */
  uint32_t epilogue_count; /**< elements of `epilogue` */
  int32_t src_zero_point;    /**< room for quantisation: 0 */
  int32_t filter_zero_point; /**< room for quantisation: 0 */
  int32_t dst_zero_point;    /**< room for quantisation: 0 */
  float src_scale;           /**< room for quantisation: 0 */
  float filter_scale;        /**< room for quantisation: 0 */
  float dst_scale;           /**< room for quantisation: 0 */
  uint32_t reserved0; /**< must be zero */
  int64_t reserved[6]; /**< must be zero */
} swconv_conv_params;

/** Kind of pooling. */
typedef uint32_t swconv_pool_kind;
enum {
  SWCONV_POOL_MAX = 0, /**< a NaN in the window makes the result NaN; a window of padding only is -inf */
  SWCONV_POOL_AVG = 1, /**< a window without a counted element is NaN (0/0) */
  SWCONV_POOL_MIN = 2, /**< as max; a window of padding only is +inf */
  SWCONV_POOL_L1 = 3,  /**< the sum of absolute values (ONNX LpPool, p = 1) */
  SWCONV_POOL_L2 = 4   /**< the root of the sum of squares (p = 2) */
};

/**
 * A pooling layer. Axes, strides and padding as in swconv_conv_params. With `ceil_mode` the dst
 * extent is rounded up, and the last window is dropped if it would start beyond src and
 * pad_begin. Average pooling divides by the number of taps inside src, or with
 * `count_include_pad` by the number inside src and padding.
 */
typedef struct swconv_pool_params {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  uint32_t spatial_dims; /**< 1 or 2 (3 is reserved) */
  swconv_pool_kind kind; /**< what it does */
  swconv_dtype dtype; /**< SWCONV_F32; maximum and minimum without a plan: SWCONV_U8, SWCONV_I8 too */
  uint32_t ceil_mode;         /**< 0 or 1 */
  uint32_t count_include_pad; /**< 0 or 1 */
  uint32_t flags; /**< SWCONV_FLUSH_DENORMALS or 0 */
  uint32_t reserved0; /**< must be zero */
  int64_t batch; /**< samples */
  int64_t channels; /**< of src and dst */
  int64_t src_size[3]; /**< extents of src: depth, height, width */
  int64_t window[3]; /**< extents of the window */
  int64_t stride[3]; /**< distance between neighbouring windows */
  int64_t dilation[3]; /**< distance between neighbouring taps */
  int64_t pad_begin[3]; /**< padding before the first element of each axis */
  int64_t pad_end[3]; /**< padding after the last */
  int64_t src_stride[5]; /**< strides of src; all zero: dense */
  int64_t dst_stride[5]; /**< strides of dst; all zero: dense */
  int64_t reserved[6]; /**< must be zero */
} swconv_pool_params;

/** Choices of the caller that are not part of the mathematics. NULL or zeros are good defaults. */
typedef struct swconv_plan_options {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  uint32_t max_threads;     /**< work is split, and workspace sized, for so many; 0 means 1. A plan
                                 that needs a workspace refuses to run with more. */
  const char *force_isa;    /**< one of swconv_isas(), or NULL: the best of this CPU */
  const char *force_kernel; /**< a prefix of a name of swconv_kernels(), or NULL: the planner's choice */
  uint64_t keep_packing_id; /**< fast: only kernels that read this packing; 0: any */
  int64_t reserved[3];      /**< must be zero */
} swconv_plan_options;

/** Detail of a failure. */
typedef struct swconv_error {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  swconv_status status; /**< as returned */
  int64_t value;     /**< the offending value, where there is one */
  char field[32];    /**< the offending field, e.g. "stride[2]" */
  char message[256]; /**< a sentence that names both */
} swconv_error;

/** Memory source for plans. Copied at creation and used for destruction. NULL functions are refused. */
typedef struct swconv_allocator {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  uint32_t reserved0; /**< must be zero */
  void *ctx; /**< handed to the functions */
  void *(*allocate)(void *ctx, size_t bytes, size_t alignment); /**< may return NULL */
  void (*deallocate)(void *ctx, void *memory, size_t bytes); /**< what `allocate` gave */
} swconv_allocator;

/** Work of one task of a parallel loop. `worker` is below `num_threads` and exclusive while the call lasts. */
typedef void (*swconv_task_fn)(void *arg, int64_t task, int64_t worker);

/**
 * A source of threads: calls `fn(arg, task, worker)` once for each task in [0, n) and returns when
 * all are done. A NULL swconv_threads means serial.
 */
typedef struct swconv_threads {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  uint32_t num_threads; /**< workers; at least 1 */
  void *ctx; /**< handed to the functions */
  void (*parallel_for)(void *ctx, int64_t n, swconv_task_fn fn, void *arg); /**< see above */
} swconv_threads;

/**
 * Pointers of one run. Every tensor needs element alignment only. src and dst must not share an
 * element; interleaved slices of one buffer are legal. residual may equal dst (same strides).
 */
typedef struct swconv_run_args {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  uint32_t reserved0; /**< must be zero */
  const void *src; /**< source tensor */
  const void *filter;        /**< raw filter, for plans whose info says `reads_raw_filter` */
  const void *packed_filter; /**< made by swconv_conv_pack for the same packing id; else NULL */
  size_t packed_bytes;       /**< size of that memory */
  const void *bias;          /**< NULL: none */
  const void *scale;         /**< required by SWCONV_EPILOGUE_SCALE, else NULL */
  const void *residual;      /**< required by SWCONV_EPILOGUE_RESIDUAL, else NULL */
  void *dst; /**< result */
  void *workspace; /**< 64-byte aligned; may be NULL if the plan needs none */
  size_t workspace_bytes; /**< size of the workspace in bytes */
  const swconv_threads *threads; /**< NULL: serial */
} swconv_run_args;

/** Operator of a sliding sum. Integers wrap; a NaN in the window makes max and min NaN. */
typedef uint32_t swconv_operator;
enum {
  SWCONV_OP_ADD = 0,
  SWCONV_OP_MAX = 1,
  SWCONV_OP_MIN = 2,
  SWCONV_OP_MUL = 3,
  SWCONV_OP_AND = 4, /**< and, or, xor: integers only */
  SWCONV_OP_OR = 5,
  SWCONV_OP_XOR = 6
};

/** Windows of a sliding sum that reach beyond the data. */
typedef uint32_t swconv_edges;
enum {
  SWCONV_EDGES_VALID = 0,    /**< are left out: size - window + 1 results */
  SWCONV_EDGES_FILL = 1,     /**< meet `fill` there: as many results as elements */
  SWCONV_EDGES_TRUNCATED = 2 /**< end there: as many results as elements */
};

/**
 * A sliding sum: dst[i] = src[i - before] op src[i - before + 1] op ... over `window` elements, along
 * rows (size[1], window[1]) and with window[0] > 1 along columns too. `before` counts for
 * SWCONV_EDGES_FILL and SWCONV_EDGES_TRUNCATED.
 */
typedef struct swconv_sliding_params {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  swconv_operator op; /**< what joins two elements */
  swconv_dtype dtype; /**< SWCONV_F32, F64, I32 or U8 */
  swconv_edges edges; /**< what becomes of windows that reach beyond the data */
  int64_t size[2];    /**< rows, columns */
  int64_t window[2];  /**< at least 1; with SWCONV_EDGES_VALID at most size */
  int64_t before[2];  /**< 0 ... window - 1 */
  int64_t src_stride; /**< from row to row, in elements; 0: dense */
  int64_t dst_stride; /**< the same of dst */
  double fill; /**< converted to dtype */
  int64_t reserved[4]; /**< must be zero */
} swconv_sliding_params;

/** What a plan decided. Strings live as long as the library. */
typedef struct swconv_plan_info {
  uint32_t struct_size; /**< size of the struct as the caller knows it */
  uint32_t reads_raw_filter; /**< 1: `filter` of the run arguments may be given instead of packed_filter */
  const char *isa; /**< name of the instruction set */
  const char *kernel; /**< name of the kernel */
  int64_t dst_size[3]; /**< extents of dst: depth, height, width */
  uint64_t packing_id; /**< 0 for pooling; equal ids read equal packed filters */
  size_t packed_bytes; /**< 0 for pooling */
  size_t workspace_bytes; /**< size of the workspace in bytes */
  int64_t tasks; /**< into how many independent pieces a run is split */
  /**
   * What a run costs by the planner's model, in FLOPs at the FMA peak of the instruction set: the
   * needed ones and what loads, edges and partly filled vectors waste. 0: no estimate (pooling).
   */
  double estimated_flops;
} swconv_plan_info;

/** A convolution or pooling layer made ready to run. */
typedef struct swconv_plan swconv_plan;

/** Version of the library that is linked: major * 1000000 + minor * 1000 + patch. */
SWCONV_API uint32_t swconv_version(void);
/** ABI version of the library that is linked. */
SWCONV_API uint32_t swconv_abi_version(void);
/** A short constant name for a status, e.g. "invalid_argument". */
SWCONV_API const char *swconv_status_name(swconv_status status);

/** Fill a struct with its size and the defaults: f32, forward, strict, 2-D, every extent 1.
 * @{ */
SWCONV_API void swconv_conv_params_init(swconv_conv_params *params);
SWCONV_API void swconv_pool_params_init(swconv_pool_params *params);
SWCONV_API void swconv_epilogue_op_init(swconv_epilogue_op *op);
SWCONV_API void swconv_plan_options_init(swconv_plan_options *options);
SWCONV_API void swconv_error_init(swconv_error *error);
SWCONV_API void swconv_allocator_init(swconv_allocator *allocator);
SWCONV_API void swconv_threads_init(swconv_threads *threads);
SWCONV_API void swconv_run_args_init(swconv_run_args *args);
SWCONV_API void swconv_plan_info_init(swconv_plan_info *info);
/** @} */

/** Set pad_begin and pad_end so that dst = ceil(src / stride) (ONNX SAME_UPPER, SAME_LOWER).
 * @{ */
SWCONV_API swconv_status swconv_conv_pad_same_upper(swconv_conv_params *params, swconv_error *error);
SWCONV_API swconv_status swconv_conv_pad_same_lower(swconv_conv_params *params, swconv_error *error);
SWCONV_API swconv_status swconv_pool_pad_same_upper(swconv_pool_params *params, swconv_error *error);
SWCONV_API swconv_status swconv_pool_pad_same_lower(swconv_pool_params *params, swconv_error *error);
/** @} */

/** Spatial extents of dst (depth, height, width).
 * @{ */
SWCONV_API swconv_status swconv_conv_dst_size(const swconv_conv_params *params, int64_t dst_size[3],
                                              swconv_error *error);
SWCONV_API swconv_status swconv_pool_dst_size(const swconv_pool_params *params, int64_t dst_size[3],
                                              swconv_error *error);
/** @} */

/**
 * Names of the instruction sets that this build holds and this CPU and OS support, best first.
 * Writes at most `capacity` names and returns how many there are.
 */
SWCONV_API size_t swconv_isas(const char **names, size_t capacity);
/** Names of the kernels of an instruction set (NULL: the best); as swconv_isas. 0 if unknown. */
SWCONV_API size_t swconv_kernels(const char *isa, const char **names, size_t capacity);

/**
 * Make a plan. Validates everything once; a later run checks pointers only. `options`,
 * `allocator` and `error` may be NULL. On failure `*plan` is NULL.
 * @{
 */
SWCONV_API swconv_status swconv_conv_plan_create(const swconv_conv_params *params,
                                                 const swconv_plan_options *options,
                                                 const swconv_allocator *allocator,
                                                 swconv_plan **plan, swconv_error *error);
SWCONV_API swconv_status swconv_pool_plan_create(const swconv_pool_params *params,
                                                 const swconv_plan_options *options,
                                                 const swconv_allocator *allocator,
                                                 swconv_plan **plan, swconv_error *error);
/** @} */
/** Destroy a plan; NULL is fine. Packed filters stay valid. */
SWCONV_API void swconv_plan_destroy(swconv_plan *plan);
/** Fill `info`, whose struct_size must be set. */
SWCONV_API swconv_status swconv_plan_get_info(const swconv_plan *plan, swconv_plan_info *info);
/**
 * One line for people: kernel, tile, ISA, packing id, split, workspace and the reason for the choice.
 * Writes at most `capacity` bytes, always terminated if capacity > 0; returns the full length.
 */
SWCONV_API size_t swconv_plan_describe(const swconv_plan *plan, char *text, size_t capacity);

/**
 * Pack a filter into the caller's memory: 64-byte aligned, `packed_bytes` of the plan info or more.
 * The result is position-independent and serves every plan with the same packing id.
 */
SWCONV_API swconv_status swconv_conv_pack(const swconv_plan *plan, const void *filter, void *packed,
                                          size_t packed_bytes, swconv_error *error);

/** Run a plan. On any failure dst is untouched. */
SWCONV_API swconv_status swconv_run(const swconv_plan *plan, const swconv_run_args *args,
                                    swconv_error *error);

/** All in one call, for the impatient: plan, pack, run, with malloc. Scale and residual are not available.
 * @{ */
SWCONV_API swconv_status swconv_conv(const swconv_conv_params *params, const void *src,
                                     const void *filter, const void *bias, void *dst,
                                     const swconv_threads *threads, swconv_error *error);
SWCONV_API swconv_status swconv_pool(const swconv_pool_params *params, const void *src, void *dst,
                                     const swconv_threads *threads, swconv_error *error);
/** @} */

/**
 * Maxima of f32, u8 or i8 and where they lie, as ONNX MaxPool: `indices`, dense like a dst without
 * strides, count elements of a dense src from its first sample on. The earliest of equal elements in
 * a window counts, as does the first NaN; a window of padding only has -1. `storage_order` 1: planes
 * are counted along their columns. Takes its memory from malloc.
 */
SWCONV_API swconv_status swconv_max_pool(const swconv_pool_params *params, const void *src,
                                         void *dst, int64_t *indices, uint32_t storage_order,
                                         const swconv_threads *threads, swconv_error *error);
/**
 * Adaptive pooling of f32, of any kind: result o of an axis joins elements floor(o * in / out) to
 * ceil((o + 1) * in / out) - 1. `dst_size` is height (1 for one spatial dimension) and width; window,
 * stride, dilation and padding stay at their defaults. Takes its memory from malloc.
 */
SWCONV_API swconv_status swconv_adaptive_pool(const swconv_pool_params *params,
                                              const int64_t dst_size[2], const void *src, void *dst,
                                              const swconv_threads *threads, swconv_error *error);

/** Fill with size 1 x 1, window 1 x 1, add, f32, SWCONV_EDGES_VALID. */
SWCONV_API void swconv_sliding_params_init(swconv_sliding_params *params);
/** Bytes of workspace that swconv_sliding_sum needs; `in_place`: dst will be src. */
SWCONV_API swconv_status swconv_sliding_workspace(const swconv_sliding_params *params,
                                                  uint32_t in_place, size_t *bytes,
                                                  swconv_error *error);
/**
 * A sliding sum, on one thread. dst may be src if their strides agree. `workspace` NULL: malloc.
 * Else it is 64-byte aligned and at least as large as swconv_sliding_workspace says.
 */
SWCONV_API swconv_status swconv_sliding_sum(const swconv_sliding_params *params, const void *src,
                                            void *dst, void *workspace, size_t workspace_bytes,
                                            swconv_error *error);

#ifdef __cplusplus
}
#endif

#endif /* SWCONV_H */
