// SPDX-License-Identifier: MIT
// Your own threads: a small pool of std::thread behind swconv_threads. The library starts no thread
// and takes no lock; it calls parallel_for and expects fn(arg, task, worker) once for each task.
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <swconv/linked.hpp>
#include <thread>
#include <vector>

class thread_pool {
 public:
  explicit thread_pool(unsigned count) {
    for (unsigned worker = 1; worker < count; ++worker)
      threads_.emplace_back([this, worker] { serve(worker); });
    swconv_threads_init(&interface_);
    interface_.num_threads = count;
    interface_.ctx = this;
    interface_.parallel_for = [](void *ctx, int64_t n, swconv_task_fn fn, void *arg) {
      static_cast<thread_pool *>(ctx)->run(n, fn, arg);
    };
  }
  ~thread_pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    start_.notify_all();
    for (auto &t : threads_) t.join();
  }
  const swconv_threads *get() const { return &interface_; }

 private:
  // The caller is worker 0; the others wake up, take tasks until there are none, and say so.
  void run(int64_t n, swconv_task_fn fn, void *arg) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      fn_ = fn, arg_ = arg, count_ = n, next_ = 0;
      busy_ = threads_.size();
      ++round_;
    }
    start_.notify_all();
    work(0);
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
  }
  void work(int64_t worker) {
    for (int64_t task; (task = next_++) < count_;) fn_(arg_, task, worker);
  }
  void serve(int64_t worker) {
    for (uint64_t seen = 0;;) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        start_.wait(lock, [&] { return stop_ || round_ != seen; });
        if (stop_) return;
        seen = round_;
      }
      work(worker);
      const std::lock_guard<std::mutex> lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  swconv_threads interface_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  std::atomic<int64_t> next_{0};
  int64_t count_ = 0;
  swconv_task_fn fn_ = nullptr;
  void *arg_ = nullptr;
  size_t busy_ = 0;
  uint64_t round_ = 0;
  bool stop_ = false;
};

int main() {
  constexpr int channels = 24, size = 60;
  std::vector<float> src(channels * size * size), filter(channels * channels * 3 * 3);
  for (size_t i = 0; i < src.size(); ++i) src[i] = float(i * 7919 % 1000) / 1000 - 0.5f;
  for (size_t i = 0; i < filter.size(); ++i) filter[i] = float(i * 104729 % 1000) / 1000 - 0.5f;
  auto params = swconv::conv_params::conv2d(1, channels, size, size, channels, 3, 3);
  params.pads(1);

  std::vector<float> alone(src.size()), together(src.size());
  swconv::error error;
  thread_pool pool(4);
  using swconv::linked::conv, swconv::status;
  if (conv(params, src.data(), filter.data(), nullptr, alone.data(), nullptr, &error) !=
          status::ok ||
      conv(params, src.data(), filter.data(), nullptr, together.data(), pool.get(), &error) !=
          status::ok) {
    std::fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  // Not nearly the same: the same bits, whatever the number of threads.
  const bool same = std::memcmp(alone.data(), together.data(), alone.size() * sizeof(float)) == 0;
  std::printf("%u threads, %s bits\n", pool.get()->num_threads, same ? "the same" : "other");
}
