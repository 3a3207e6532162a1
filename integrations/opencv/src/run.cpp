// SPDX-License-Identifier: MIT
#include "run.hpp"

#include <algorithm>
#include <stdexcept>

#include "lanes.hpp"
#include "swconv_opencv.h"

namespace swconv_opencv {
namespace {

using swconv_integration::lanes;

// Waking another thread costs microseconds: layers below this many MACs run on one.
constexpr double macs_worth_a_thread = 250e3;

void parallel_for(void *ctx, int64_t n, swconv_task_fn fn, void *arg) {
  lanes l{fn, arg, n};
  const auto count = static_cast<int>(std::min<int64_t>(n, *static_cast<const int *>(ctx)));
  cv::parallel_for_(
      cv::Range(0, count),
      [&l](const cv::Range &range) {
        for (int lane = range.start; lane < range.end; ++lane) l.run(static_cast<size_t>(lane));
      },
      count);
}

std::atomic<unsigned long long> runs{0};

}  // namespace

bool is_served(const cv::Mat &m, int spatial_dims) {
  return m.type() == CV_32F && m.isContinuous() && m.dims == spatial_dims + 2;
}

shape shape_of(const cv::Mat &m) {
  return {m.size[0], m.size[1], m.dims == 4 ? m.size[2] : 1, m.size[m.dims - 1]};
}

bool run_layer(layer &l, const cv::Mat &src, cv::Mat &dst) {
  const shape from = shape_of(src), to = shape_of(dst);
  int threads = std::max(1, cv::getNumThreads());
  if (layer::macs(l.spec(), from, to) < macs_worth_a_thread) threads = 1;
  const auto p = l.prepare(from, threads, false);
  if (!(p->dst == to)) return false;
  swconv_threads pool;
  swconv_threads_init(&pool);
  pool.num_threads = static_cast<uint32_t>(threads);
  pool.ctx = &threads;
  pool.parallel_for = parallel_for;
  swconv_run_args args;
  swconv_run_args_init(&args);
  args.src = src.ptr();
  args.dst = dst.ptr();
  args.bias = l.bias();
  if (p->packed) {
    args.packed_filter = p->packed->memory.get();
    args.packed_bytes = p->packed->bytes;
  } else {
    args.filter = l.filter();
  }
  if (threads > 1) args.threads = &pool;
  swconv_integration::buffer workspace;
  if (p->workspace_bytes != 0) {
    workspace = swconv_integration::allocate(p->workspace_bytes);
    args.workspace = workspace.memory.get();
    args.workspace_bytes = workspace.bytes;
  }
  swconv_error error;
  swconv_error_init(&error);
  if (swconv_run(p->plan.get(), &args, &error) != SWCONV_OK)
    throw std::runtime_error(std::string("swconv: ") + error.message);
  runs.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace swconv_opencv

unsigned long long swconv_opencv_runs(void) { return swconv_opencv::runs.load(); }
