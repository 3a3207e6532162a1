// SPDX-License-Identifier: MIT
#include "session.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "lanes.hpp"

namespace swconv_ort {
namespace {

using swconv_integration::lanes;

void run_lane(void *data, size_t lane) { static_cast<lanes *>(data)->run(lane); }

// Lanes that are there at the same time meet; who comes too late is not a thread of its own.
struct meeting {
  int wanted;
  std::chrono::steady_clock::time_point end;
  std::atomic<int> here{0};
  std::atomic<bool> over{false};
};

void join_meeting(void *data, size_t) {
  meeting &m = *static_cast<meeting *>(data);
  if (m.over.load()) return;
  m.here.fetch_add(1);
  while (!m.over.load() && m.here.load() < m.wanted)
    if (std::chrono::steady_clock::now() > m.end) break;
  m.over.store(true);
}

}  // namespace

session::session(const ort_apis &a, const OrtLogger *logger, options o)
    : apis_(a), logger_(logger), options_(std::move(o)), threads_(options_.threads) {
  if (options_.threads != 0) return;
  const auto processors = static_cast<int>(std::thread::hardware_concurrency());
  threads_ = 1;
  if (processors > 1) counts_left_ = 4;
}

void session::say(const std::string &message) const {
  OrtStatus *status =
      apis_.ort->Logger_LogMessage(logger_, ORT_LOGGING_LEVEL_WARNING,
                                   ("swconv: " + message).c_str(), __FILE__, __LINE__, "swconv");
  if (status != nullptr) apis_.ort->ReleaseStatus(status);
}

buffer session::borrow(size_t bytes) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    // The largest is last; growing it keeps one large one instead of many middling ones.
    if (!free_.empty()) {
      buffer b = std::move(free_.back());
      free_.pop_back();
      if (b.bytes >= bytes) return b;
    }
  }
  return allocate(bytes);
}

void session::give_back(buffer b) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto place =
      std::upper_bound(free_.begin(), free_.end(), b.bytes,
                       [](size_t bytes, const buffer &o) { return bytes < o.bytes; });
  free_.insert(place, std::move(b));
}

void session::count_threads(OrtKernelContext &context) {
  if (counts_left_.load(std::memory_order_relaxed) <= 0) return;
  if (counts_left_.fetch_sub(1) <= 0) return;
  meeting m;
  m.wanted = static_cast<int>(std::thread::hardware_concurrency());
  m.end = std::chrono::steady_clock::now() + std::chrono::microseconds(300);
  const auto places = static_cast<size_t>(m.wanted);
  check(*apis_.ort,
        apis_.ort->KernelContext_ParallelFor(&context, join_meeting, places, places, &m));
  int seen = threads_.load();
  while (seen < m.here.load() && !threads_.compare_exchange_weak(seen, m.here.load())) {
  }
  if (m.here.load() == m.wanted) counts_left_ = 0;
}

crew::crew(const OrtApi &ort, OrtKernelContext &context, int count) : ort_(ort), context_(context) {
  swconv_threads_init(&interface_);
  interface_.num_threads = static_cast<uint32_t>(count);
  interface_.ctx = this;
  interface_.parallel_for = [](void *ctx, int64_t n, swconv_task_fn fn, void *arg) {
    const crew &c = *static_cast<crew *>(ctx);
    lanes l{fn, arg, n};
    const auto used =
        static_cast<size_t>(std::min<int64_t>(n, static_cast<int64_t>(c.interface_.num_threads)));
    OrtStatus *status = c.ort_.KernelContext_ParallelFor(&c.context_, run_lane, used, used, &l);
    if (status == nullptr) return;
    // Nothing may be left undone.
    c.ort_.ReleaseStatus(status);
    l.run(0);
  };
}

}  // namespace swconv_ort
