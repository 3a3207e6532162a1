/* SPDX-License-Identifier: MIT */
/* A 3x3 layer with bias and ReLU through the C ABI: plan once, pack once, run often. */
#include <stdio.h>
#include <stdlib.h>
#include <swconv/swconv.h>

enum { IN = 3, OUT = 16, SIZE = 32, TAPS = 9 };

static float src[IN * SIZE * SIZE], filter[OUT * IN * TAPS], bias[OUT], dst[OUT * SIZE * SIZE];

static void fill(float *p, size_t n, float value) {
  while (n > 0) p[--n] = value;
}

int main(void) {
  fill(src, sizeof src / sizeof *src, 1);
  fill(filter, sizeof filter / sizeof *filter, 1);
  fill(bias, OUT, -13);

  swconv_epilogue_op relu;
  swconv_epilogue_op_init(&relu);
  relu.kind = SWCONV_EPILOGUE_ACTIVATION;
  relu.activation = SWCONV_ACT_RELU;

  swconv_conv_params params;
  swconv_conv_params_init(&params);
  params.in_channels = IN;
  params.out_channels = OUT;
  params.src_size[1] = params.src_size[2] = SIZE;     /* height, width */
  params.filter_size[1] = params.filter_size[2] = 3;
  params.pad_begin[1] = params.pad_begin[2] = params.pad_end[1] = params.pad_end[2] = 1;
  params.epilogue = &relu;
  params.epilogue_count = 1;

  swconv_plan *plan;
  swconv_error error;
  swconv_error_init(&error);
  if (swconv_conv_plan_create(&params, NULL, NULL, &plan, &error) != SWCONV_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  swconv_plan_info info;
  swconv_plan_info_init(&info);
  swconv_plan_get_info(plan, &info);

  swconv_run_args args;
  swconv_run_args_init(&args);
  args.packed_bytes = info.packed_bytes;
  args.workspace_bytes = info.workspace_bytes;
  void *packed = aligned_alloc(64, (args.packed_bytes + 63) / 64 * 64);
  args.workspace = aligned_alloc(64, (args.workspace_bytes + 64) / 64 * 64);
  args.packed_filter = packed;
  args.src = src;
  args.bias = bias;
  args.dst = dst;
  if (swconv_conv_pack(plan, filter, packed, args.packed_bytes, &error) != SWCONV_OK ||
      swconv_run(plan, &args, &error) != SWCONV_OK) { /* again for every src */
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  printf("corner %g, centre %g, kernel %s on %s\n", dst[0], dst[SIZE * SIZE / 2 + SIZE / 2],
         info.kernel, info.isa); /* corner 0, centre 14 */

  swconv_plan_destroy(plan);
  free(args.workspace);
  free(packed);
  return 0;
}
