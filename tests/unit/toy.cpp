// SPDX-License-Identifier: MIT
#include "toy.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "backend.hpp"

// Two kernels, "toy/a" and "toy/b", that do the same; the filter is "packed" by copying it densely.
struct swconv_plan {
  swconv_conv_params conv;
  swconv_pool_params pool;
  std::vector<swconv_epilogue_op> ops;
  bool is_pool;
  int kernel;
  int64_t tasks;
  int64_t src_stride[5], dst_stride[5], filter_stride[5], residual_stride[5], dst_size[3];
};

namespace swconv_test {
mistake toy_mistake = mistake::none;
namespace {

const char *const kernel_names[] = {"toy/a", "toy/b"};
bool wrong(mistake m) { return toy_mistake == m; }

void strides_of(const int64_t given[5], int64_t c, const int64_t size[3], int64_t out[5]) {
  const int64_t packed[5] = {c * size[1] * size[2], size[1] * size[2], size[1] * size[2], size[2], 1};
  const bool is_dense = !given[0] && !given[1] && !given[3] && !given[4];
  std::memcpy(out, is_dense ? packed : given, sizeof packed);
}

template <class Params>
int64_t extent(const Params &p, const int64_t k[3], int i, bool up) {
  const int64_t room = p.src_size[i] + p.pad_begin[i] + p.pad_end[i] - p.dilation[i] * (k[i] - 1) - 1;
  const double steps = double(room) / double(p.stride[i]);
  int64_t n = static_cast<int64_t>(up ? std::ceil(steps) : std::floor(steps)) + 1;
  if (up && (n - 1) * p.stride[i] >= p.src_size[i] + p.pad_begin[i] && !wrong(mistake::ceil_window)) --n;
  return n < 0 ? 0 : n;
}

template <class Params>
swconv_status start(const Params &p, const int64_t k[3], int64_t c_in, int64_t c_out, bool up,
                    const swconv_plan_options *o, swconv_plan **out) {
  *out = nullptr;
  if ((p.src_size[1] <= 0 || p.src_size[2] <= 0) && !wrong(mistake::refuses_nothing))
    return SWCONV_INVALID_ARGUMENT;
  int kernel = 0;
  if (o->force_kernel) {
    while (kernel < 2 && std::strncmp(kernel_names[kernel], o->force_kernel,
                                      std::strlen(o->force_kernel)) != 0)
      ++kernel;
    if (kernel == 2) return SWCONV_UNSUPPORTED;
  }
  auto *plan = new swconv_plan{};
  plan->kernel = kernel;
  plan->tasks = o->max_threads > 1 ? c_out : 1;
  for (int i = 0; i < 3; ++i) plan->dst_size[i] = i == 0 ? 1 : extent(p, k, i, up);
  strides_of(p.src_stride, c_in, p.src_size, plan->src_stride);
  strides_of(p.dst_stride, c_out, plan->dst_size, plan->dst_stride);
  *out = plan;
  return SWCONV_OK;
}

swconv_status conv_plan(const swconv_conv_params *p, const swconv_plan_options *o,
                        const swconv_allocator *, swconv_plan **out, swconv_error *) {
  const auto s = start(*p, p->filter_size, p->in_channels, p->out_channels, false, o, out);
  if (s != SWCONV_OK) return s;
  auto *plan = *out;
  plan->conv = *p;
  plan->ops.assign(p->epilogue, p->epilogue + p->epilogue_count);
  strides_of(p->filter_stride, p->in_channels / p->groups, p->filter_size, plan->filter_stride);
  strides_of(p->residual_stride, p->out_channels, plan->dst_size, plan->residual_stride);
  return s;
}

swconv_status pool_plan(const swconv_pool_params *p, const swconv_plan_options *o,
                        const swconv_allocator *, swconv_plan **out, swconv_error *) {
  const auto s = start(*p, p->window, p->channels, p->channels, p->ceil_mode != 0, o, out);
  if (s != SWCONV_OK) return s;
  (*out)->pool = *p;
  (*out)->is_pool = true;
  return s;
}

size_t filter_count(const swconv_plan &p) {
  const auto &c = p.conv;
  return static_cast<size_t>(c.out_channels * (c.in_channels / c.groups) * c.filter_size[1] *
                             c.filter_size[2]);
}

swconv_status get_info(const swconv_plan *p, swconv_plan_info *info) {
  info->isa = "toy";
  info->kernel = kernel_names[p->kernel];
  std::memcpy(info->dst_size, p->dst_size, sizeof info->dst_size);
  info->packing_id = p->is_pool ? 0 : 1;
  info->packed_bytes = p->is_pool ? 0 : filter_count(*p) * sizeof(float);
  info->reads_raw_filter = 0;
  info->tasks = p->tasks;
  return SWCONV_OK;
}

swconv_status pack(const swconv_plan *p, const void *filter, void *packed, size_t, swconv_error *) {
  const auto &c = p->conv;
  auto *to = static_cast<float *>(packed);
  for (int64_t oc = 0; oc < c.out_channels; ++oc)
    for (int64_t ic = 0; ic < c.in_channels / c.groups; ++ic)
      for (int64_t kh = 0; kh < c.filter_size[1]; ++kh)
        for (int64_t kw = 0; kw < c.filter_size[2]; ++kw)
          *to++ = static_cast<const float *>(filter)[oc * p->filter_stride[0] + ic * p->filter_stride[1] +
                                                     kh * p->filter_stride[3] + kw];
  return SWCONV_OK;
}

float finish(const swconv_plan &p, const swconv_run_args &a, float v, int64_t oc, int64_t at, float *dst) {
  const float *bias = static_cast<const float *>(a.bias), *scale = static_cast<const float *>(a.scale);
  if (scale && wrong(mistake::scale_after_bias))
    v = (v + (bias ? bias[oc] : 0)) * scale[oc];
  else if (scale)
    v = bias ? std::fma(v, scale[oc], bias[oc]) : v * scale[oc];
  else if (bias)
    v += bias[oc];
  if (wrong(mistake::residual_late)) dst[at] = v;
  for (const auto &op : p.ops) {
    if (op.kind == SWCONV_EPILOGUE_RESIDUAL) v += static_cast<const float *>(a.residual)[at];
    if (op.kind == SWCONV_EPILOGUE_ACTIVATION && op.activation == SWCONV_ACT_RELU && v < 0) v = 0;
  }
  return v;
}

// Residual and dst have the same layout in all tests, so one offset serves both.
void conv_channel(const swconv_plan &p, const swconv_run_args &a, int64_t oc) {
  const auto &c = p.conv;
  const int64_t ics = c.in_channels / c.groups, ocs = c.out_channels / c.groups;
  const int64_t group = wrong(mistake::wrong_group) ? 0 : oc / ocs;
  const auto *src = static_cast<const float *>(a.src), *filter = static_cast<const float *>(a.packed_filter);
  auto *dst = static_cast<float *>(a.dst);
  if (wrong(mistake::other_packing) && p.kernel == 1) oc = c.out_channels - 1 - oc;
  filter += oc * ics * c.filter_size[1] * c.filter_size[2];
  if (wrong(mistake::other_packing) && p.kernel == 1) oc = c.out_channels - 1 - oc;
  const int64_t kh = c.filter_size[1], kw = c.filter_size[2];
  for (int64_t n = 0; n < c.batch; ++n)
    for (int64_t h = 0; h < p.dst_size[1]; ++h)
      for (int64_t w = 0; w < p.dst_size[2]; ++w) {
        float acc = 0;
        for (int64_t t = 0; t < ics * kh * kw; ++t) {
          int64_t ic = t / (kh * kw), y = t / kw % kh, x = t % kw;
          if (wrong(mistake::order)) x = t / kh % kw, y = t % kh;
          const int64_t sh = h * c.stride[1] - c.pad_begin[1] + y * c.dilation[wrong(mistake::dilated_stride) ? 2 : 1];
          const int64_t sw = w * c.stride[2] - c.pad_begin[2] + x * c.dilation[2];
          const float f = filter[(ic * kh + y) * kw + x];
          if (sh < 0 || sh >= c.src_size[1] || sw < 0 || sw >= c.src_size[2]) {
            if (wrong(mistake::padding_is_zero)) acc = std::fma(f, 0.0f, acc);
            continue;
          }
          const float s = src[n * p.src_stride[0] + (group * ics + ic) * p.src_stride[1] + sh * p.src_stride[3] + sw];
          const float product = f * s;
          const bool apart = wrong(mistake::separate_rounding) || (wrong(mistake::batch_bits) && n == 1);
          acc = apart ? acc + product : std::fma(f, s, acc);
        }
        if (wrong(mistake::last_column) && w == p.dst_size[2] - 1 && w % 8 == 6 && w > 8) continue;
        const int64_t at = n * p.dst_stride[0] + oc * p.dst_stride[1] + h * p.dst_stride[3] + w;
        dst[at] = finish(p, a, acc, oc, at, dst);
        const bool is_last = n == c.batch - 1 && oc == c.out_channels - 1 && h == p.dst_size[1] - 1;
        if (wrong(mistake::gap_written) && w == p.dst_size[2] - 1 && !is_last) dst[at + 1] = 0;
        if (wrong(mistake::past_the_end) && is_last && w == p.dst_size[2] - 1) dst[at + 1] = 0;
      }
}

void pool_channel(const swconv_plan &p, const swconv_run_args &a, int64_t channel) {
  const auto &c = p.pool;
  const auto *src = static_cast<const float *>(a.src);
  auto *dst = static_cast<float *>(a.dst);
  for (int64_t n = 0; n < c.batch; ++n)
    for (int64_t h = 0; h < p.dst_size[1]; ++h)
      for (int64_t w = 0; w < p.dst_size[2]; ++w) {
        float sum = 0, most = -std::numeric_limits<float>::infinity();
        int inside = 0, counted = 0;
        for (int64_t kh = 0; kh < c.window[1]; ++kh)
          for (int64_t kw = 0; kw < c.window[2]; ++kw) {
            const int64_t y = h * c.stride[1] - c.pad_begin[1] + kh * c.dilation[1];
            const int64_t x = w * c.stride[2] - c.pad_begin[2] + kw * c.dilation[2];
            counted += y < c.src_size[1] + c.pad_end[1] && x < c.src_size[2] + c.pad_end[2];
            if (y < 0 || x < 0 || y >= c.src_size[1] || x >= c.src_size[2]) continue;
            ++inside;
            const float v = src[n * p.src_stride[0] + channel * p.src_stride[1] + y * p.src_stride[3] + x];
            sum += v;
            if (!(v <= most) && !std::isnan(most) && !(std::isnan(v) && wrong(mistake::nan_lost))) most = v;
          }
        const bool pads = c.count_include_pad || wrong(mistake::pads_counted);
        dst[n * p.dst_stride[0] + channel * p.dst_stride[1] + h * p.dst_stride[3] + w] =
            c.kind == SWCONV_POOL_MAX ? most : sum / static_cast<float>(pads ? counted : inside);
      }
}

swconv_status run(const swconv_plan *p, const swconv_run_args *args, swconv_error *) {
  struct call {
    const swconv_plan *plan;
    const swconv_run_args *args;
    int64_t per_task;
  };
  const int64_t channels = p->is_pool ? p->pool.channels : p->conv.out_channels;
  call now{p, args, p->tasks > 0 ? channels / p->tasks : 0};
  const swconv_task_fn task = [](void *arg, int64_t t, int64_t) {
    const auto &c = *static_cast<const call *>(arg);
    if (wrong(mistake::task_skipped) && t == c.plan->tasks - 1 && t > 0) return;
    for (int64_t i = t * c.per_task; i < (t + 1) * c.per_task; ++i)
      c.plan->is_pool ? pool_channel(*c.plan, *c.args, i) : conv_channel(*c.plan, *c.args, i);
  };
  if (args->threads)
    args->threads->parallel_for(args->threads->ctx, p->tasks, task, &now);
  else
    for (int64_t t = 0; t < p->tasks; ++t) task(&now, t, 0);
  return SWCONV_OK;
}

}  // namespace

const backend &library() {
  static const backend toy = {
      [](const char **names, size_t capacity) -> size_t {
        if (capacity > 0) names[0] = "toy";
        return 1;
      },
      [](const char *, const char **names, size_t capacity) -> size_t {
        for (size_t i = 0; i < 2 && i < capacity; ++i) names[i] = kernel_names[i];
        return 2;
      },
      conv_plan,
      pool_plan,
      [](swconv_plan *p) { delete p; },
      get_info,
      [](const swconv_plan *, char *, size_t) -> size_t { return 0; },
      pack,
      run};
  return toy;
}

}  // namespace swconv_test
