// SPDX-License-Identifier: MIT
#include "openblas.hpp"

#include <cblas.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "swconv/swconv.h"
#include "tensor.hpp"
#include "timing.hpp"

namespace swconv_bench {
namespace {

bool among(const std::string &name, std::initializer_list<const char *> list) {
  return std::any_of(list.begin(), list.end(), [&](const char *item) { return name == item; });
}

/// The kernels that OpenBLAS should use on this CPU but does not, or "".
std::string better_kernels(const std::string &now) {
  const char *best = "";
  swconv_isas(&best, 1);
  const std::string isa = best;
  const bool wide = among(now, {"SkylakeX", "Cooperlake", "SapphireRapids"});
  if (isa == "avx512" && !wide) return "SkylakeX";
  if (isa == "avx2" && !wide && !among(now, {"Haswell", "Zen"})) return "Haswell";
  return "";
}

}  // namespace

std::string ensure_openblas_kernels(char **argv) {
  const std::string now = openblas_get_corename(), better = better_kernels(now);
  if (!better.empty() && !std::getenv("OPENBLAS_CORETYPE")) {
    setenv("OPENBLAS_CORETYPE", better.c_str(), 1);
    execv("/proc/self/exe", argv);  // on failure, go on as we are
  }
  return now;
}

double sgemm_flops(int64_t size, int threads, int rounds, double enough) {
  tensor a = tensor::aligned(size * size), b = tensor::aligned(size * size);
  tensor c = tensor::aligned(size * size);
  a.fill_random(1);
  b.fill_random(2);
  openblas_set_num_threads(threads);
  double best = 0;
  const auto n = blasint(size);
  for (int r = 0; r < rounds && best < enough; ++r) {
    const double taken = time_of([&] {
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.f, a.data(), n, b.data(), n,
                  0.f, c.data(), n);
    });
    best = std::max(best, 2.0 * double(size * size * size) / taken);
  }
  return best;
}

}  // namespace swconv_bench
