// SPDX-License-Identifier: MIT
// A moving sum, header-only: include, compile with the flags you like, call.
#include <cstdio>
#include <swconv/swconv.hpp>

int main() {
  const float src[] = {1, 2, 3, 4, 5, 6, 7, 8}, filter[] = {1, 1, 1};
  float dst[6];
  const auto params = swconv::conv_params::conv1d(1, 1, 8, 1, 3);  // batch, in, width, out, kw
  if (swconv::conv(params, src, filter, nullptr, dst) != swconv::status::ok) return 1;
  for (const float x : dst) std::printf("%g ", x);  // 6 9 12 15 18 21
}
