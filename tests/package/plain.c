/* SPDX-License-Identifier: MIT */
/* A C11 program: a moving average of three by convolution, then the largest of each four. */
#include <stdio.h>
#include <swconv/swconv.h>

int main(void) {
  const float src[10] = {3, 6, 9, 12, 15, 12, 9, 6, 3, 0};
  const float filter[3] = {1, 1, 1};
  float sums[8] = {0}, peaks[2] = {0};
  swconv_conv_params conv;
  swconv_pool_params pool;
  swconv_error error;

  swconv_error_init(&error);
  swconv_conv_params_init(&conv);
  conv.spatial_dims = 1;
  conv.src_size[2] = 10;
  conv.filter_size[2] = 3;
  swconv_pool_params_init(&pool);
  pool.spatial_dims = 1;
  pool.src_size[2] = 8;
  pool.window[2] = pool.stride[2] = 4;

  if (swconv_conv(&conv, src, filter, NULL, sums, NULL, &error) != SWCONV_OK ||
      swconv_pool(&pool, sums, peaks, NULL, &error) != SWCONV_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  printf("swconv %u: %g %g\n", (unsigned)swconv_version(), (double)peaks[0], (double)peaks[1]);
  return peaks[0] == 39 && peaks[1] == 36 ? 0 : 2;
}
