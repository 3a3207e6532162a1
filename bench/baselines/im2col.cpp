// SPDX-License-Identifier: MIT
// Convolution as a matrix product: the input is unfolded into columns (im2col), SGEMM is
// OpenBLAS's.
//
//   im2col_full       the whole column matrix of an image and group: [ic/g * kh * kw] x [oh * ow]
//   im2col_segmented  64 KiB of it at a time, as inference engines do, one buffer per thread
//
// A 1x1 filter with unit stride and no padding needs no columns: src is the matrix.
#include <cblas.h>

#include <algorithm>
#include <cstring>

#include "tensor.hpp"
#include "variant.hpp"
#if defined(_OPENMP)
#include <omp.h>
#endif

namespace swconv_bench {
namespace {

struct axis {
  int64_t in, out, k, stride, dilation, pad;

  /// Results [first, last) of tap `t` that fall inside src, within [from, to).
  void inside(int64_t t, int64_t from, int64_t to, int64_t &first, int64_t &last) const {
    const int64_t shift = pad - t * dilation;  // src index = o * stride - shift
    first = shift > 0 ? (shift + stride - 1) / stride : 0;
    last = in - 1 + shift >= 0 ? (in - 1 + shift) / stride + 1 : 0;
    first = std::clamp(first, from, to);
    last = std::clamp(last, first, to);
  }
};

/// `count` results of one row of src from `x`, for one tap; zero where the tap is in the padding.
void unfold_row(const axis &cols, int64_t tap, const float *row, int64_t x, int64_t count,
                float *out) {
  int64_t first, last;
  cols.inside(tap, x, x + count, first, last);
  std::memset(out, 0, size_t(first - x) * sizeof(float));
  const float *from = row + first * cols.stride - cols.pad + tap * cols.dilation;
  if (cols.stride == 1)
    std::memcpy(out + first - x, from, size_t(last - first) * sizeof(float));
  else
    for (int64_t i = 0; i < last - first; ++i) out[first - x + i] = from[i * cols.stride];
  std::memset(out + last - x, 0, size_t(x + count - last) * sizeof(float));
}

class im2col : public variant {
 public:
  /// K: rows of the column matrix, N: its columns; a block of at most k_block x n_block at a time.
  im2col(const problem &p, bool segmented)
      : p_(p),
        l_(p.shape),
        rows_{l_.h, l_.oh(), l_.kh, l_.sh, l_.dh, l_.pt},
        cols_{l_.w, l_.ow(), l_.kw, l_.sw, l_.dw, l_.pl},
        k_(l_.ic_per_group() * l_.kh * l_.kw),
        n_(l_.oh() * l_.ow()),
        direct_(l_.kh == 1 && l_.kw == 1 && l_.unit_stride() && !l_.padded()) {
    k_block_ = k_, n_block_ = n_;
    if (segmented && !direct_) {
      k_block_ = std::min(k_, segment_rows);
      n_block_ = std::min(n_, std::max<int64_t>(segment_size / k_block_ / 16 * 16, 16));
    } else if (images() < p.threads) {
      n_block_ = (n_ / p.threads + 15) / 16 * 16;  // a share for each thread
    }
    if (!direct_) columns_ = tensor::aligned(buffer_size() * p.threads);
  }

  static bool affordable(const problem &p) {
    const layer &l = p.shape;
    return 4.0 * double(l.ic_per_group() * l.kh * l.kw) * double(l.oh() * l.ow()) <= 1e9;
  }

  void run() override {
    openblas_set_num_threads(1);  // the work is split here
    const int64_t m = l_.oc_per_group(), segments = (n_ + n_block_ - 1) / n_block_;
#pragma omp parallel for collapse(2) num_threads(p_.threads) schedule(static) if (p_.threads > 1)
    for (int64_t image = 0; image < images(); ++image)
      for (int64_t segment = 0; segment < segments; ++segment) {
        const int64_t group = image % l_.groups;
        const float *src = p_.src + image * l_.ic_per_group() * l_.h * l_.w;
        const float *filter = p_.filter + group * m * k_;
        float *dst = p_.dst + image * m * n_;
        const int64_t n = segment * n_block_, count = std::min(n_block_, n_ - n);
        float *columns = columns_.data() + worker() * buffer_size();
        for (int64_t k = 0; k < k_; k += k_block_) {
          const int64_t depth = std::min(k_block_, k_ - k);
          if (!direct_) unfold(src, k, depth, n, count, columns);
          multiply(m, count, depth, filter + k, direct_ ? src + n : columns, direct_ ? n_ : count,
                   dst + n, k > 0);
        }
      }
  }
  size_t workspace_bytes() const override { return size_t(columns_.size()) * sizeof(float); }

 private:
  static constexpr int64_t segment_size = 64 * 1024 / sizeof(float), segment_rows = 128;

  int64_t buffer_size() const { return (k_block_ * n_block_ + 15) / 16 * 16; }
  int64_t images() const { return l_.n * l_.groups; }
  static int64_t worker() {
#if defined(_OPENMP)
    return omp_get_thread_num();
#else
    return 0;
#endif
  }

  /// Rows [k, k + depth), columns [n, n + count) of the column matrix.
  void unfold(const float *src, int64_t k, int64_t depth, int64_t n, int64_t count,
              float *out) const {
    for (int64_t i = 0; i < depth; ++i) {
      const int64_t kw = (k + i) % l_.kw, kh = (k + i) / l_.kw % l_.kh,
                    c = (k + i) / (l_.kw * l_.kh);
      const float *plane = src + c * l_.h * l_.w;
      for (int64_t at = n; at < n + count;) {
        const int64_t y = at / cols_.out, x = at % cols_.out;
        const int64_t run = std::min(cols_.out - x, n + count - at);
        const int64_t row = y * rows_.stride - rows_.pad + kh * rows_.dilation;
        float *to = out + i * count + at - n;
        if (row < 0 || row >= rows_.in)
          std::memset(to, 0, size_t(run) * sizeof(float));
        else
          unfold_row(cols_, kw, plane + row * l_.w, x, run, to);
        at += run;
      }
    }
  }

  /// dst[m][count] (rows n_ apart) = or += filter[m][depth] (rows k_ apart) * columns.
  void multiply(int64_t m, int64_t count, int64_t depth, const float *filter, const float *columns,
                int64_t pitch, float *dst, bool add) const {
    using blas = blasint;
    const float beta = add ? 1.f : 0.f;
    if (m == 1)  // OpenBLAS would not notice
      cblas_sgemv(CblasRowMajor, CblasTrans, blas(depth), blas(count), 1.f, columns, blas(pitch),
                  filter, 1, beta, dst, 1);
    else
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, blas(m), blas(count), blas(depth), 1.f,
                  filter, blas(k_), columns, blas(pitch), beta, dst, blas(n_));
  }

  problem p_;
  const layer &l_;
  axis rows_, cols_;
  int64_t k_, n_, k_block_, n_block_;
  bool direct_;
  tensor columns_;
};

}  // namespace

void add_im2col(variant_list &list);
void add_im2col(variant_list &list) {
  list.push_back({"im2col_full",
                  [](const problem &p) { return !p.shape.pool() && im2col::affordable(p); },
                  [](const problem &p) -> std::unique_ptr<variant> {
                    return std::make_unique<im2col>(p, false);
                  },
                  ""});
  list.push_back({"im2col_segmented", [](const problem &p) { return !p.shape.pool(); },
                  [](const problem &p) -> std::unique_ptr<variant> {
                    return std::make_unique<im2col>(p, true);
                  },
                  ""});
}

}  // namespace swconv_bench
