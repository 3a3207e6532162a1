// SPDX-License-Identifier: MIT
// Sizes beyond 32 bits: plans for them, byte counts beyond 63 bits refused, and runs over tensors
// of more than 2^31 elements. Memory is mapped and mostly never touched: reading what was not
// written gives zeros and takes no page.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstdio>
#include <fstream>

#include "layers.hpp"
#include "settings.hpp"

namespace swconv_test {
namespace {

constexpr int64_t kilo = 1024, mega = kilo * kilo, giga = kilo * mega;

swconv_status plan(const swconv_conv_params &p, swconv_plan_info *info = nullptr) {
  owned_plan made;
  const auto status = swconv_conv_plan_create(&p, nullptr, nullptr, made.out(), nullptr);
  if (status == SWCONV_OK && info) {
    swconv_plan_info_init(info);
    swconv_plan_get_info(made.get(), info);
  }
  return status;
}

swconv_conv_params layer(int64_t n, int64_t c, int64_t h, int64_t w) {
  swconv_conv_params p;
  swconv_conv_params_init(&p);
  p.batch = n;
  p.in_channels = p.out_channels = p.groups = c;
  p.src_size[1] = h;
  p.src_size[2] = w;
  return p;
}

TEST(Sizes, TwoToTheFortyElementsMakeAPlan) {
  swconv_plan_info info;
  EXPECT_EQ(plan(layer(1, 1, 1, mega * mega)), SWCONV_OK);
  EXPECT_EQ(plan(layer(1, 1, mega, mega), &info), SWCONV_OK);
  EXPECT_EQ(info.dst_size[1], mega);
  EXPECT_EQ(info.dst_size[2], mega);
  EXPECT_EQ(plan(layer(1, mega, kilo, kilo)), SWCONV_OK);
  EXPECT_EQ(plan(layer(mega, kilo, kilo, 1)), SWCONV_OK);
  auto filter = layer(1, 1, 1, 1);
  filter.in_channels = filter.out_channels = mega;
  EXPECT_EQ(plan(filter, &info), SWCONV_OK);
  EXPECT_GE(info.packed_bytes, size_t(mega) * mega * 4);
}

/// The same totals in bytes, on each axis and on none: the last that fits, and the next.
TEST(Sizes, ByteCountsBeyond63BitsAreRefused) {
  for (int axis = 0; axis < 4; ++axis) {
    int64_t size[4] = {int64_t{1} << 15, int64_t{1} << 15, int64_t{1} << 15, int64_t{1} << 15};
    EXPECT_EQ(plan(layer(size[0], 1, size[2], size[3])), SWCONV_OK);
    size[axis] = int64_t{1} << 16;  // 2^61 elements, 2^63 bytes
    EXPECT_EQ(plan(layer(size[0], size[1], size[2], size[3])), SWCONV_SIZE_OVERFLOW) << axis;
    size[axis] = int64_t{1} << 40;  // products that come out small if they wrap
    EXPECT_EQ(plan(layer(size[0], size[1], size[2], size[3])), SWCONV_SIZE_OVERFLOW) << axis;
    size[axis] = INT64_MAX;
    EXPECT_EQ(plan(layer(size[0], size[1], size[2], size[3])), SWCONV_SIZE_OVERFLOW) << axis;
  }
}

/// Memory that is there when it is touched.
class mapped_floats {
 public:
  explicit mapped_floats(int64_t count) : bytes_(size_t(count) * 4) {
    void *memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    data_ = memory == MAP_FAILED ? nullptr : static_cast<float *>(memory);
    // A huge page would be two megabytes for each element touched.
    if (data_) madvise(data_, bytes_, MADV_NOHUGEPAGE);
  }
  mapped_floats(const mapped_floats &) = delete;
  mapped_floats &operator=(const mapped_floats &) = delete;
  ~mapped_floats() {
    if (data_) munmap(data_, bytes_);
  }
  float *data() { return data_; }
  float &operator[](int64_t i) { return data_[i]; }

 private:
  size_t bytes_;
  float *data_;
};

bool has_room() {
#if defined(SWCONV_TEST_SANITIZED)
  return false;
#else
  return !environment_flag("SWCONV_TEST_QUICK");
#endif
}

swconv_status convolve(const swconv_conv_params &p, const float *src, const float *filter, float *dst) {
  return swconv_conv(&p, src, filter, nullptr, dst, nullptr, nullptr);
}

/// 2^31 + 2^17 columns; spots that a 32-bit index would miss.
TEST(Sizes, ASignalOfMoreThanTwoToThe31) {
  if (!has_room()) GTEST_SKIP();
  const int64_t width = 2 * giga + 128 * kilo, stride = 64;
  auto p = layer(1, 1, 1, width);
  p.spatial_dims = 1;
  p.filter_size[2] = 5;
  p.stride[2] = stride;
  mapped_floats src(width), dst(width / stride);
  if (!src.data() || !dst.data()) GTEST_SKIP() << "no address space";
  const float filter[] = {1, 10, 100, 1000, 10000};
  const int64_t outs[] = {0, 5, (giga - 64) / stride, (2 * giga - 128) / stride, 2 * giga / stride,
                          2 * giga / stride + 1000, (width - 5) / stride};
  for (const int64_t o : outs)
    for (int64_t k = 0; k < 5; ++k) src[o * stride + k] = static_cast<float>(o % 7 + k + 1);
  ASSERT_EQ(convolve(p, src.data(), filter, dst.data()), SWCONV_OK);
  for (const int64_t o : outs) {
    float want = 0;
    for (int64_t k = 0; k < 5; ++k) want += filter[k] * static_cast<float>(o % 7 + k + 1);
    EXPECT_EQ(dst[o], want) << "at " << o;
    EXPECT_EQ(dst[o + (o == outs[6] ? -1 : 1)], 0) << "beside " << o;
  }
}

/// Rows 2^26 elements apart, in src and in dst.
TEST(Sizes, RowsFarApart) {
  if (!has_room()) GTEST_SKIP();
  const int64_t pitch = 64 * mega, rows = 40;
  for (const int64_t channels : {1, 33}) {
    auto p = layer(1, 1, rows, 50);
    p.out_channels = channels;
    p.filter_size[1] = p.filter_size[2] = 3;
    p.pad_begin[1] = p.pad_end[1] = 1;
    const int64_t strides[5] = {rows * pitch, 100, rows * pitch, pitch, 1};
    std::copy(strides, strides + 5, p.src_stride);
    std::copy(strides, strides + 5, p.dst_stride);
    mapped_floats src(rows * pitch), dst(rows * pitch);
    if (!src.data() || !dst.data()) GTEST_SKIP() << "no address space";
    for (int64_t h = 0; h < rows; ++h)
      for (int64_t w = 0; w < 50; ++w) src[h * pitch + w] = static_cast<float>((h * 5 + w) % 11);
    std::vector<float> filter(size_t(channels) * 9);
    for (size_t i = 0; i < filter.size(); ++i) filter[i] = static_cast<float>(i % 4) - 1;
    ASSERT_EQ(convolve(p, src.data(), filter.data(), dst.data()), SWCONV_OK);
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t h = 0; h < rows; ++h)
        for (int64_t w = 0; w < 48; ++w) {
          float want = 0;
          for (int64_t k = 0; k < 9; ++k)
            if (h + k / 3 >= 1 && h + k / 3 <= rows)
              want += filter[size_t(c * 9 + k)] * src[(h + k / 3 - 1) * pitch + w + k % 3];
          ASSERT_EQ(dst[c * 100 + h * pitch + w], want) << c << " " << h << " " << w;
        }
  }
}

/// A plane of 2^31 elements and more, read and (in the long form, 8.6 GB) written whole.
TEST(Sizes, APlaneOfMoreThanTwoToThe31) {
  if (!has_room()) GTEST_SKIP();
  const bool whole = environment_flag("SWCONV_TEST_LONG");
  if (whole) {
    std::ifstream info("/proc/meminfo");
    int64_t available = 0;
    for (std::string word; info >> word;)
      if (word == "MemAvailable:") info >> available;
    if (available < 11 * mega) GTEST_SKIP() << "needs 11 GB of memory";
  }
  const int64_t height = 32 * kilo + 9, width = 64 * kilo, step = whole ? 1 : 16;
  auto p = layer(1, 1, height, width);
  p.filter_size[1] = p.filter_size[2] = 3;
  p.pad_begin[1] = p.pad_begin[2] = p.pad_end[1] = p.pad_end[2] = 1;
  p.stride[1] = p.stride[2] = step;
  const int64_t out_h = (height - 1) / step + 1, out_w = (width - 1) / step + 1;
  mapped_floats src(height * width), dst(out_h * out_w);
  if (!src.data() || !dst.data()) GTEST_SKIP() << "no address space";
  const int64_t spots[][2] = {{0, 0}, {16 * kilo, 32}, {32 * kilo - 16, width - 16}, {32 * kilo, 0},
                              {32 * kilo, width - 16}};
  for (const auto &s : spots) src[s[0] * width + s[1]] = 1;
  const float filter[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  ASSERT_EQ(convolve(p, src.data(), filter, dst.data()), SWCONV_OK);
  int64_t wrong = 0;
  for (const auto &s : spots) {
    wrong += dst[s[0] / step * out_w + s[1] / step] != 5;
    if (whole && s[0] > 0 && s[1] > 0) wrong += dst[(s[0] - 1) * out_w + s[1] - 1] != 9;
  }
  EXPECT_EQ(wrong, 0);
  double sum = 0;
  for (int64_t i = 0; i < out_h * out_w; i += whole ? 7 : 1) sum += dst[i];
  if (!whole) {
    EXPECT_EQ(sum, 5 * 5);
  }
}

}  // namespace
}  // namespace swconv_test
