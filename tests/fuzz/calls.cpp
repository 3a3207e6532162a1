// SPDX-License-Identifier: MIT
// Operators without a plan, over the C ABI: sliding sums, honest and hostile, maxima with indices and adaptive
// pooling. What is accepted and small is run beside protected pages and compared; what is refused must leave
// dst alone.
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "backend.hpp"
#include "input.hpp"
#include "memory.hpp"

namespace swconv_test {
namespace {

constexpr int64_t most_elements = 1 << 16;
constexpr int8_t untouched = 0x5c;

/// Words of a struct become hostile: they have 32 bits up to `wide`, and 64 behind.
void spoil(void *params, size_t bytes, size_t wide, byte_reader &in) {
  auto *const at = static_cast<unsigned char *>(params);
  for (int n = in.byte() % 3; n >= 0; --n) {
    const size_t word = in.byte() * 4u % bytes;
    if (word < wide) {
      const auto value = static_cast<uint32_t>(read_hostile(in, 1));
      std::memcpy(at + word, &value, sizeof value);
    } else {
      const int64_t value = read_hostile(in, 3);
      std::memcpy(at + word / 8 * 8, &value, sizeof value);
    }
  }
}

/// Elements from the first to the last of `rows` rows, or -1 if they are many.
int64_t span(int64_t rows, int64_t columns, int64_t stride) {
  const __int128 elements = (__int128(rows) - 1) * stride + columns;
  return rows < 1 || columns < 1 || stride < columns || elements > most_elements ? -1 : int64_t(elements);
}

template <class T>
T join(swconv_operator op, T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    using word = std::make_unsigned_t<T>;
    switch (op) {
      case SWCONV_OP_ADD: return T(word(word(a) + word(b)));
      case SWCONV_OP_MUL: return T(word(uint64_t(word(a)) * word(b)));
      case SWCONV_OP_AND: return T(a & b);
      case SWCONV_OP_OR: return T(a | b);
      case SWCONV_OP_XOR: return T(a ^ b);
      default: break;
    }
  }
  return op == SWCONV_OP_ADD ? a + b : op == SWCONV_OP_MUL ? a * b : op == SWCONV_OP_MAX ? std::max(a, b) : std::min(a, b);
}

template <class T>
bool slide(const swconv_sliding_params &p, bool in_place, byte_reader &in) {
  size_t bytes = 0;
  swconv_error e{};
  e.struct_size = sizeof e;
  const auto status = swconv_sliding_workspace(&p, in_place, &bytes, &e);
  static guarded_memory memory[3];
  const edge side = in.byte() % 2 ? edge::front : edge::back;
  if (status != SWCONV_OK) {
    if (e.status != status) finding("a refused sliding sum without its detail");
    // In place more is asked, so in place it is tried.
    void *const src = memory[0].take(64, 8, side);
    auto *const dst = static_cast<int8_t *>(in_place ? src : memory[1].take(64, 8, side));
    std::fill(dst, dst + 64, untouched);
    if (swconv_sliding_sum(&p, src, dst, nullptr, 0, &e) == SWCONV_OK)
      finding("a sliding sum is run whose workspace was refused");
    if (std::count(dst, dst + 64, untouched) != 64) finding("a refused sliding sum wrote to dst");
    return false;
  }
  if (p.struct_size != sizeof p) return true;  // what its last fields say is not heard
  const bool valid = p.edges == SWCONV_EDGES_VALID;
  const int64_t h = p.size[0], w = p.size[1], kh = p.window[0], kw = p.window[1];
  const int64_t out_h = valid ? h - kh + 1 : h, out_w = valid ? w - kw + 1 : w;
  const int64_t src_stride = p.src_stride ? p.src_stride : w, dst_stride = p.dst_stride ? p.dst_stride : in_place ? w : out_w;
  const int64_t src_count = span(h, w, src_stride), dst_count = span(out_h, out_w, dst_stride);
  if (src_count < 0 || dst_count < 0 || bytes > 1 << 22 || kh * kw > 4096) return true;  // not run: too large
  auto *const src = static_cast<T *>(memory[0].take(size_t(src_count) * sizeof(T), sizeof(T), side));
  const bool units = p.op == SWCONV_OP_MUL;  // so that products stay exact
  for (int64_t i = 0; i < src_count; ++i) {
    const int value = int(in.byte()) + int(i) * 7 % 5;
    src[i] = units ? T(value % 2 ? 1 : -1) : T(value % 7 - (std::is_same_v<T, uint8_t> ? 0 : 3));
  }
  const std::vector<T> given(src, src + src_count);
  T *const dst = in_place ? src : static_cast<T *>(memory[1].take(size_t(dst_count) * sizeof(T), sizeof(T), side));
  void *const workspace = memory[2].take(bytes, 64, edge::back);
  if (swconv_sliding_sum(&p, src, dst, bytes ? workspace : nullptr, bytes, &e) != SWCONV_OK)
    finding(std::string("a sliding sum is refused whose workspace was not: ") + e.message);
  for (int64_t y = 0; y < out_h; ++y)
    for (int64_t x = 0; x < out_w; ++x) {
      bool any = false;
      T want{};
      for (int64_t i = 0; i < kh * kw; ++i) {
        const int64_t r = y + i / kw - (valid ? 0 : p.before[0]), c = x + i % kw - (valid ? 0 : p.before[1]);
        const bool inside = r >= 0 && r < h && c >= 0 && c < w;
        if (!inside && p.edges == SWCONV_EDGES_TRUNCATED) continue;
        const T value = inside ? given[size_t(r * src_stride + c)] : T(p.fill);
        want = any ? join(p.op, want, value) : value;
        any = true;
      }
      if (any && !(dst[y * dst_stride + x] == want))
        finding("a wrong sliding sum: op " + std::to_string(p.op) + " dtype " + std::to_string(p.dtype) + " edges " +
                std::to_string(p.edges) + " size " + std::to_string(h) + "x" + std::to_string(w) + " window " +
                std::to_string(kh) + "x" + std::to_string(kw) + " before " + std::to_string(p.before[0]) + "," +
                std::to_string(p.before[1]) + " strides " + std::to_string(src_stride) + "," +
                std::to_string(dst_stride) + (in_place ? " in place" : "") + " fill " + std::to_string(p.fill) +
                " at " + std::to_string(y) + "," + std::to_string(x) + ": " + std::to_string(dst[y * dst_stride + x]) +
                ", not " + std::to_string(want));
    }
  for (const auto &m : memory)
    if (m.block() && !m.slack_is_intact()) finding("a sliding sum touched what lies beside its tensors");
  return true;
}

bool try_sliding(byte_reader &in) {
  swconv_sliding_params p;
  swconv_sliding_params_init(&p);
  static const swconv_dtype types[] = {SWCONV_F32, SWCONV_F64, SWCONV_I32, SWCONV_U8};
  const uint8_t with = in.byte();
  p.dtype = types[with % 4];
  p.op = in.byte() % (p.dtype == SWCONV_F32 || p.dtype == SWCONV_F64 ? 4 : 7);
  p.edges = in.byte() % 3;
  p.size[0] = in.small(1, 12);
  p.size[1] = in.small(1, 127);
  p.window[0] = in.small(1, p.edges ? 8 : p.size[0]);
  p.window[1] = in.small(1, p.edges ? 100 : p.size[1]);
  p.before[0] = in.byte() % p.window[0];
  p.before[1] = in.byte() % p.window[1];
  const bool in_place = with & 4;
  const int64_t gap = in.byte() % 4;
  if (gap) p.src_stride = p.dst_stride = p.size[1] + gap;
  p.fill = in.byte() % 3;
  if (with & 8) spoil(&p, sizeof p, offsetof(swconv_sliding_params, size), in);
  // Whole, so that sums are exact, and within every type.
  p.fill = std::fabs(p.fill) < 100 ? std::trunc(p.fill) : 0;
  switch (p.dtype) {
    case SWCONV_F64: return slide<double>(p, in_place, in);
    case SWCONV_I32: return slide<int32_t>(p, in_place, in);
    case SWCONV_U8: p.fill = std::fabs(p.fill); return slide<uint8_t>(p, in_place, in);
    default: return slide<float>(p, in_place, in);
  }
}

/// Both kinds of pooling calls on small dense planes. Honest only: hostile parameters of pooling are plans' too.
bool try_pooling_call(byte_reader &in, bool adaptive) {
  pool_case c = read_pool(in, 3000);
  c.src_layout = c.dst_layout = dense;
  c.n = std::max<int64_t>(c.n, 1);
  if (!adaptive) c.kind = SWCONV_POOL_MAX;
  swconv_pool_params p = to_params(c);
  int64_t size[2] = {in.small(1, 9), in.small(1, 40)};
  if (adaptive) {
    for (int i = 0; i < 3; ++i) p.window[i] = p.stride[i] = p.dilation[i] = 1, p.pad_begin[i] = p.pad_end[i] = 0;
    p.ceil_mode = p.count_include_pad = 0;
    if (c.dims == 1) size[0] = 1;
  }
  const uint8_t with = in.byte();
  const uint32_t order = with & 1;
  const tensor_shape ss = src_shape(c);
  const int64_t planes = c.n * c.c, out_h = adaptive ? size[0] : c.dst_h(), out_w = adaptive ? size[1] : c.dst_w();
  const int64_t src_count = ss.count(), dst_count = out_h < 1 || out_w < 1 ? 0 : planes * out_h * out_w;
  if (src_count < 1 || dst_count < 1 || dst_count > most_elements) return false;
  static guarded_memory memory[3];
  const edge side = with & 4 ? edge::front : edge::back;
  float *const src = memory[0].take_floats(src_count, side);
  fill(src, ss, c.data == nan_src ? int64_t{random_data} : c.data, c.seed, role::src);
  float *const dst = memory[1].take_floats(dst_count, side);
  auto *const indices = static_cast<int64_t *>(memory[2].take(size_t(dst_count) * 8, 8, side));
  std::fill(dst, dst + dst_count, canary());
  swconv_error e{};
  e.struct_size = sizeof e;
  const auto status = adaptive ? swconv_adaptive_pool(&p, size, src, dst, nullptr, &e)
                               : swconv_max_pool(&p, src, dst, indices, order, nullptr, &e);
  for (const auto &m : memory)
    if (m.block() && !m.slack_is_intact()) finding("a pooling call touched what lies beside its tensors");
  if (status != SWCONV_OK) finding(std::string("an honest pooling call is refused: ") + e.message);
  for (int64_t i = 0; i < dst_count; ++i) {
    const int64_t plane = i / (out_h * out_w), y = i / out_w % out_h, x = i % out_w;
    double sum = 0, most = -INFINITY;
    int64_t inside = 0, where = -1;
    const int64_t rows = adaptive ? ((y + 1) * c.h + size[0] - 1) / size[0] - y * c.h / size[0] : c.kh;
    const int64_t columns = adaptive ? ((x + 1) * c.w + size[1] - 1) / size[1] - x * c.w / size[1] : c.kw;
    for (int64_t k = 0; k < rows * columns; ++k) {
      const int64_t r = adaptive ? y * c.h / size[0] + k / columns : y * c.sh - c.pt + k / columns * c.dh;
      const int64_t q = adaptive ? x * c.w / size[1] + k % columns : x * c.sw - c.pl + k % columns * c.dw;
      if (r < 0 || r >= c.h || q < 0 || q >= c.w) continue;
      const double v = src[plane * c.h * c.w + r * c.w + q];
      const double key = c.kind == SWCONV_POOL_MIN ? -v : v;
      if (inside == 0 || key > most) most = key, where = plane * c.h * c.w + (order ? q * c.h + r : r * c.w + q);
      ++inside;
      sum += c.kind == SWCONV_POOL_L1 ? std::fabs(v) : c.kind == SWCONV_POOL_L2 ? v * v : v;
    }
    const bool picks = c.kind == SWCONV_POOL_MAX || c.kind == SWCONV_POOL_MIN;
    if (!adaptive && indices[i] != where) finding("a wrong index of a maximum");
    const double want = c.kind == SWCONV_POOL_MAX   ? most
                        : c.kind == SWCONV_POOL_MIN ? -most
                        : c.kind == SWCONV_POOL_AVG ? sum / double(inside)
                        : c.kind == SWCONV_POOL_L2  ? std::sqrt(sum)
                                                    : sum;
    if (picks ? dst[i] != float(want) : std::fabs(dst[i] - want) > 1e-4 * (1 + std::fabs(want)) + 1e-30)
      finding("a wrong result of a pooling call");
  }
  return true;
}

}  // namespace

bool try_call(byte_reader &in) {
  const uint8_t which = in.byte() % 4;
  return which < 2 ? try_sliding(in) : try_pooling_call(in, which == 3);
}

}  // namespace swconv_test
