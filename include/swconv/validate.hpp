// SPDX-License-Identifier: MIT
/// @file validate.hpp
/// From the caller's parameters to a `problem` that kernels may trust: every field checked, every
/// product known to fit, dense strides filled in.
#pragma once

#include "failure.hpp"
#include "kernels/problem.hpp"
#include "packing.hpp"
#include "shape.hpp"

SWCONV_BEGIN_NAMESPACE
namespace detail {

/// A field of the parameters. Its text "name[index]" is made only when there is something to report.
struct field {
  const char *name;
  int index;
  field(const char *n, int i = -1) : name(n), index(i) {}
};

/// Reports the first failure and makes the rest of a chain of checks do nothing.
class checker {
 public:
  explicit checker(swconv_error *error) : error_(error) {}
  swconv_status status() const { return status_; }
  bool ok() const { return status_ == SWCONV_OK; }

  void fail(swconv_status s, field f, int64_t value, const char *sentence) {
    if (!ok()) return;
    char text[32];
    snprintf(text, sizeof text, f.index < 0 ? "%s" : "%s[%d]", f.name, f.index);
    status_ = report_failure(error_, s, text, value, sentence);
  }
  void need(bool condition, field f, int64_t value, const char *sentence) {
    if (!condition) fail(SWCONV_INVALID_ARGUMENT, f, value, sentence);
  }
  void positive(field f, int64_t v) { need(v >= 1, f, v, "must be at least 1"); }
  void not_negative(field f, int64_t v) { need(v >= 0, f, v, "must not be negative"); }
  void zero(field f, int64_t v) { need(v == 0, f, v, "must be 0"); }
  void fits(bool overflow, field f, int64_t v) {
    if (overflow) fail(SWCONV_SIZE_OVERFLOW, f, v, "makes a size that exceeds 63 bits");
  }
  void unquantised(field f, bool is_default, int64_t v) {
    if (!is_default) fail(SWCONV_UNSUPPORTED, f, v, "quantisation is not implemented");
  }
  void dtype(field f, swconv_dtype t) {
    need(t <= SWCONV_I32, f, t, "is not a dtype");
    if (t != SWCONV_F32) fail(SWCONV_UNSUPPORTED, f, t, "only f32 is implemented");
  }

 private:
  swconv_error *error_;
  swconv_status status_ = SWCONV_OK;
};

/// One of the three spatial axes of the parameters, checked; unused axes must be trivial.
SWCONV_COLD inline axis check_axis(checker &c, int i, bool used, int64_t in, const char *taps_name,
                       int64_t taps, int64_t stride, int64_t dilation, int64_t begin, int64_t end,
                       bool ceil_mode) {
  if (!used) {
    c.need(in == 1, field("src_size", i), in, "must be 1 on an unused axis");
    c.need(taps == 1, field(taps_name, i), taps, "must be 1 on an unused axis");
  }
  c.positive(field("src_size", i), in);
  c.positive(field(taps_name, i), taps);
  c.positive(field("stride", i), stride);
  c.positive(field("dilation", i), dilation);
  c.not_negative(field("pad_begin", i), begin);
  c.not_negative(field("pad_end", i), end);
  if (!used) {
    c.zero(field("pad_begin", i), begin);
    c.zero(field("pad_end", i), end);
  }
  // One tap is not dilated, and its dilation, which nothing bounds, must not reach the kernels.
  axis a{in, 0, taps, stride, taps == 1 ? 1 : dilation, begin};
  if (!c.ok()) return a;
  a.out = pool_extent(in, taps, stride, dilation, begin, end, ceil_mode);
  c.fits(a.out == overflowed_extent, field("src_size", i), in);
  // Kernels form start(out) + span + a few vectors; keep that far from the limit.
  constexpr int64_t far = INT64_MAX / 8;
  int64_t last = 0;
  c.fits(c.ok() && (mul_overflow(a.out, stride, &last) || last > far || begin > far || end > far ||
                    in > far || dilated_extent(taps, dilation) > far),
         field("src_size", i), in);
  return a;
}

/// Strides of a tensor [n][c][d][h][w]: given, or dense if all are zero. Checks that the last
/// element's offset in bytes fits, and for `distinct` that no two elements coincide.
SWCONV_COLD inline pitches check_strides(checker &c, const char *name, const int64_t (&given)[5],
                             const int64_t (&size)[5], bool distinct) {
  int64_t s[5] = {given[0], given[1], given[2], given[3], given[4]};
  const bool dense = (s[0] | s[1] | s[2] | s[3] | s[4]) == 0;
  if (dense) {
    s[4] = 1;
    for (int i = 3; i >= 0; --i)
      c.fits(c.ok() && mul_overflow(s[i + 1], size[i + 1] > 0 ? size[i + 1] : 1, &s[i]), name, s[i + 1]);
  }
  c.need(s[4] == 1, field(name, 4), s[4], "the width stride must be 1");
  int64_t extent = 1;
  for (int i = 0; i < 5; ++i) {
    c.not_negative(field(name, i), s[i]);
    int64_t part = 0;
    if (c.ok() && size[i] > 1)
      c.fits(mul_overflow(size[i] - 1, s[i], &part) || add_overflow(extent, part, &extent),
             field(name, i), s[i]);
  }
  int64_t bytes = 0;
  c.fits(c.ok() && mul_overflow(extent, 4, &bytes), name, extent);
  if (distinct && c.ok()) {
    // Walk the axes from the smallest stride: each must step over all that lies below it.
    bool done[5] = {};
    int64_t below = 1;
    for (int round = 0; round < 5; ++round) {
      int next = -1;
      for (int i = 0; i < 5; ++i)
        if (!done[i] && size[i] > 1 && (next < 0 || s[i] < s[next])) next = i;
      if (next < 0) break;
      done[next] = true;
      c.need(s[next] >= below, field(name, next), s[next], "elements would overlap");
      below += (size[next] - 1) * s[next];
    }
  }
  // Where there is nothing to step to, a stride may be anything; it must not overflow later sums.
  for (int i = 0; i < 5; ++i)
    if (size[i] <= 1 && s[i] > INT64_MAX / 8) s[i] = 0;
  return {s[0], s[1], s[3]};
}

/// See problem::row_step: the least such numbers.
inline void set_sharing(problem &p) {
  int64_t a = p.h.stride, b = p.h.dilation;
  while (b != 0) {
    const int64_t r = a % b;
    a = b;
    b = r;
  }
  p.row_step = p.h.dilation / a;
  p.row_ratio = p.h.stride / a;
}

SWCONV_COLD inline void check_epilogue(checker &c, const swconv_conv_params &q, epilogue_spec &spec) {
  c.need(q.epilogue_count == 0 || q.epilogue != nullptr, "epilogue", 0,
         "must not be NULL when epilogue_count is not 0");
  if (!c.ok()) return;
  uint32_t last = 0;
  for (uint32_t i = 0; i < q.epilogue_count && c.ok(); ++i) {
    const swconv_epilogue_op &op = q.epilogue[i];
    const int n = static_cast<int>(i);
    c.need(op.struct_size == sizeof op, field("epilogue.size", n), op.struct_size,
           "is not the size of swconv_epilogue_op");
    c.need(op.kind >= SWCONV_EPILOGUE_SCALE && op.kind <= SWCONV_EPILOGUE_ACTIVATION,
           field("epilogue.kind", n), op.kind, "is not an epilogue operation");
    c.need((op.reserved[0] | op.reserved[1] | op.reserved[2]) == 0,
           field("epilogue.reserved", n), op.reserved[0], "must be 0");
    if (c.ok() && op.kind <= last)
      c.fail(SWCONV_UNSUPPORTED, field("epilogue.kind", n), op.kind,
             "operations come at most once each, in the order scale, residual, activation");
    last = op.kind;
    if (op.kind == SWCONV_EPILOGUE_SCALE) spec.has_scale = 1;
    if (op.kind == SWCONV_EPILOGUE_RESIDUAL) spec.has_residual = 1;
    if (op.kind == SWCONV_EPILOGUE_ACTIVATION) {
      c.need(op.activation <= SWCONV_ACT_GELU_TANH, field("epilogue.act", n),
             op.activation, "is not an activation");
      spec.act = op.activation;
      spec.alpha = op.alpha;
      spec.beta = op.beta;
    }
  }
}

/// Fills `p` and the raw filter's strides, and the number of filter elements.
SWCONV_COLD inline swconv_status check_conv(const swconv_conv_params &q, problem &p, filter_pitches &filter,
                                int64_t &filter_elements, swconv_error *error) {
  checker c(error);
  c.need(q.struct_size == sizeof q, "struct_size", q.struct_size,
         "is not the size of swconv_conv_params");
  c.need(q.spatial_dims >= 1 && q.spatial_dims <= 3, "spatial_dims", q.spatial_dims,
         "must be 1, 2 or 3");
  if (q.spatial_dims == 3)
    c.fail(SWCONV_UNSUPPORTED, "spatial_dims", 3, "three dimensions are not implemented");
  c.dtype("src_dtype", q.src_dtype);
  c.dtype("filter_dtype", q.filter_dtype);
  c.dtype("bias_dtype", q.bias_dtype);
  c.dtype("dst_dtype", q.dst_dtype);
  c.dtype("acc_dtype", q.acc_dtype);
  c.need(q.direction <= SWCONV_BACKWARD_FILTER, "direction", q.direction, "is not a direction");
  if (q.direction != SWCONV_FORWARD)
    c.fail(SWCONV_UNSUPPORTED, "direction", q.direction, "only forward is implemented");
  c.need(q.math <= SWCONV_FAST, "math", q.math, "is not a math mode");
  c.need((q.flags & ~uint32_t{SWCONV_FLUSH_DENORMALS}) == 0, "flags", q.flags, "has unknown bits");
  c.unquantised("src_zero_point", q.src_zero_point == 0, q.src_zero_point);
  c.unquantised("filter_zero_point", q.filter_zero_point == 0, q.filter_zero_point);
  c.unquantised("dst_zero_point", q.dst_zero_point == 0, q.dst_zero_point);
  c.unquantised("src_scale", q.src_scale == 0, 0);
  c.unquantised("filter_scale", q.filter_scale == 0, 0);
  c.unquantised("dst_scale", q.dst_scale == 0, 0);
  c.zero("reserved0", q.reserved0);
  for (int i = 0; i < 6; ++i) c.zero(field("reserved", i), q.reserved[i]);

  c.not_negative("batch", q.batch);
  c.positive("groups", q.groups);
  c.positive("in_channels", q.in_channels);
  c.positive("out_channels", q.out_channels);
  if (!c.ok()) return c.status();
  c.need(q.in_channels % q.groups == 0, "groups", q.groups, "does not divide in_channels");
  c.need(q.out_channels % q.groups == 0, "groups", q.groups, "does not divide out_channels");

  p = problem{};
  axis a[3];
  for (int i = 0; i < 3; ++i)
    a[i] = check_axis(c, i, i > 2 - static_cast<int>(q.spatial_dims), q.src_size[i], "filter_size",
                      q.filter_size[i], q.stride[i], q.dilation[i], q.pad_begin[i], q.pad_end[i],
                      false);
  if (!c.ok()) return c.status();
  // Nothing bounds the stride of one output; beyond the padded extent it tells nothing. (Of a pooling it
  // decides how windows are summed.)
  for (int i = 0; i < 3; ++i)
    a[i].stride = axis::least(a[i].stride, a[i].in + q.pad_begin[i] + q.pad_end[i]);
  p.h = a[1];
  p.w = a[2];
  p.fast = q.math == SWCONV_FAST;
  p.batch = q.batch;
  p.groups = q.groups;
  p.in_channels = q.in_channels / q.groups;
  p.out_channels = q.out_channels / q.groups;
  const int64_t src_size[5] = {q.batch, q.in_channels, 1, p.h.in, p.w.in};
  const int64_t filter_size[5] = {q.out_channels, p.in_channels, 1, p.h.taps, p.w.taps};
  const int64_t dst_size[5] = {q.batch, q.out_channels, 1, p.h.out, p.w.out};
  p.src = check_strides(c, "src_stride", q.src_stride, src_size, false);
  const pitches f = check_strides(c, "filter_stride", q.filter_stride, filter_size, false);
  p.dst = check_strides(c, "dst_stride", q.dst_stride, dst_size, true);
  p.residual = check_strides(c, "residual_stride", q.residual_stride, dst_size, false);
  filter = {f.n, f.c, f.h, 1};
  filter_elements = 1;
  for (const int64_t n : filter_size)
    c.fits(c.ok() && mul_overflow(filter_elements, n, &filter_elements), "filter_size", n);
  check_epilogue(c, q, p.epilogue);
  set_sharing(p);
  // Kernels also form the weights of row_ratio rows of a filter of which so many channels are neighbours, and
  // where rows of windows and of tiles are, in the padding, too. Sums of a few such are to fit as well.
  constexpr int64_t most_lanes = 64, far = INT64_MAX / 8;
  int64_t weights = 0, src_rows = 0, dst_rows = 0;
  c.fits(c.ok() && (mul_overflow(p.w.taps, most_lanes, &weights) ||
                    mul_overflow(weights, p.row_ratio + p.h.taps, &weights)),
         field("stride", 1), p.h.stride);
  const int64_t rows = p.h.pad + p.h.out * p.h.stride + dilated_extent(p.h.taps, p.h.dilation);
  c.fits(c.ok() && (mul_overflow(rows, p.src.h, &src_rows) || src_rows > far ||
                    mul_overflow(p.row_step, p.dst.h, &dst_rows) || dst_rows > far),
         field("dilation", 1), p.h.dilation);
  return c.status();
}

/// The same for pooling: every channel is a group.
SWCONV_COLD inline swconv_status check_pool(const swconv_pool_params &q, problem &p, swconv_error *error) {
  checker c(error);
  c.need(q.struct_size == sizeof q, "struct_size", q.struct_size,
         "is not the size of swconv_pool_params");
  c.need(q.spatial_dims >= 1 && q.spatial_dims <= 3, "spatial_dims", q.spatial_dims,
         "must be 1, 2 or 3");
  if (q.spatial_dims == 3)
    c.fail(SWCONV_UNSUPPORTED, "spatial_dims", 3, "three dimensions are not implemented");
  c.need(q.kind <= SWCONV_POOL_L2, "kind", q.kind, "is not a kind of pooling");
  c.dtype("dtype", q.dtype);
  c.need(q.ceil_mode <= 1, "ceil_mode", q.ceil_mode, "must be 0 or 1");
  c.need(q.count_include_pad <= 1, "count_include_pad", q.count_include_pad, "must be 0 or 1");
  c.need((q.flags & ~uint32_t{SWCONV_FLUSH_DENORMALS}) == 0, "flags", q.flags, "has unknown bits");
  c.zero("reserved0", q.reserved0);
  for (int i = 0; i < 6; ++i) c.zero(field("reserved", i), q.reserved[i]);
  c.not_negative("batch", q.batch);
  c.positive("channels", q.channels);
  if (!c.ok()) return c.status();

  p = problem{};
  axis a[3];
  for (int i = 0; i < 3; ++i)
    a[i] = check_axis(c, i, i > 2 - static_cast<int>(q.spatial_dims), q.src_size[i], "window",
                      q.window[i], q.stride[i], q.dilation[i], q.pad_begin[i], q.pad_end[i],
                      q.ceil_mode != 0);
  if (!c.ok()) return c.status();
  p.h = a[1];
  p.w = a[2];
  p.batch = q.batch;
  p.groups = q.channels;
  p.in_channels = p.out_channels = 1;
  p.count_include_pad = q.count_include_pad;
  p.pad_end_h = q.pad_end[1];
  p.pad_end_w = q.pad_end[2];
  const int64_t src_size[5] = {q.batch, q.channels, 1, p.h.in, p.w.in};
  const int64_t dst_size[5] = {q.batch, q.channels, 1, p.h.out, p.w.out};
  p.src = check_strides(c, "src_stride", q.src_stride, src_size, false);
  p.dst = check_strides(c, "dst_stride", q.dst_stride, dst_size, true);
  set_sharing(p);
  return c.status();
}

}  // namespace detail
SWCONV_END_NAMESPACE
