/* SPDX-License-Identifier: MIT */
/* A 3x3 layer with bias and ReLU through the C ABI, all in one call. A layer that runs often wants
   a plan and a packed filter: swconv_conv_plan_create, swconv_conv_pack, swconv_run. */
#include <stdio.h>
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

  swconv_error error;
  swconv_error_init(&error);
  swconv_conv_params params;
  swconv_conv_params_init(&params);
  params.in_channels = IN;
  params.out_channels = OUT;
  params.src_size[1] = params.src_size[2] = SIZE; /* height, width */
  params.filter_size[1] = params.filter_size[2] = 3;
  swconv_conv_pad_same_upper(&params, &error);
  params.epilogue = &relu;
  params.epilogue_count = 1;
  if (swconv_conv(&params, src, filter, bias, dst, NULL, &error) != SWCONV_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  /* A corner sees 3 * 4 ones, the centre 3 * 9. */
  printf("corner %g, centre %g\n", dst[0], dst[SIZE * SIZE / 2 + SIZE / 2]);
  return 0;
}
