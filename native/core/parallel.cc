#include "parallel.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "setting.h"
#include "spin.h"

namespace lb {
namespace {

struct Task {
  ChunkBody body;
  void* context;
  int64_t count, grain, chunks;
  const std::atomic<bool>* cancelled;
  std::atomic<int64_t> next{0};

  // Chunks are claimed one by one, so a slow neighbour on a shared core delays one chunk, not a fixed share.
  void work() {
    for (int64_t chunk; (chunk = next.fetch_add(1, std::memory_order_relaxed)) < chunks;) {
      if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed)) return;
      const int64_t begin = chunk * grain;
      body(context, begin, std::min(begin + grain, count));
    }
  }
};

thread_local bool inside_chunk = false;

// Regions follow each other closely: a step is a row of short kernels. A worker that is awake joins the next
// one in under a microsecond; one that sleeps takes longer to wake than many regions last.
constexpr auto kLinger = std::chrono::microseconds(20);

class Pool {
 public:
  Pool() : wanted_(default_threads()) {}

  // False when another thread holds the pool.
  bool run(Task& task) {
    std::unique_lock<std::mutex> hold(owner_, std::try_to_lock);
    if (!hold.owns_lock()) return false;
    const int helpers = static_cast<int>(std::min<int64_t>(wanted_.load() - 1, task.chunks - 1));
    publish(task, helpers);
    inside_chunk = true;
    task.work();
    inside_chunk = false;
    std::unique_lock<std::mutex> lock(mutex_);
    seats_ = 0;  // whoever has not sat down by now is not needed
    if (busy_ > 0) {
      lock.unlock();
      spin_until([&] { return busy_.load() == 0; });
      lock.lock();
    }
    done_.wait(lock, [&] { return busy_ == 0; });
    task_ = nullptr;
    return true;
  }

  std::atomic<int>& wanted() { return wanted_; }

 private:
  static int default_threads() {
    if (const char* text = setting("LANDBRIDGE_THREADS")) {
      char* end;
      const long count = std::strtol(text, &end, 10);
      if (*end == '\0' && count >= 1 && count <= 256) return static_cast<int>(count);
      refuse_setting("LANDBRIDGE_THREADS", "1 to 256", text);
    }
    return std::max(1u, std::thread::hardware_concurrency());
  }

  // A system that is out of threads makes the work slower, not the process end.
  bool start_worker() {
    try {
      std::thread([this] { serve(); }).detach();
      return true;
    } catch (const std::system_error&) {
      return false;
    }
  }

  void publish(Task& task, int helpers) {
    std::lock_guard<std::mutex> lock(mutex_);
    while (workers_ < helpers && start_worker()) ++workers_;
    task_ = &task;
    const int seats = std::min(helpers, workers_);
    seats_ = seats;
    const int awake = workers_ - asleep_;
    for (int i = awake; i < seats; ++i) wake_.notify_one();
  }

  void serve() {
    inside_chunk = true;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      if (seats_ == 0) linger(lock);
      --seats_;
      ++busy_;
      Task* task = task_;
      lock.unlock();
      task->work();
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  // Returns, holding the lock, when there is a seat.
  void linger(std::unique_lock<std::mutex>& lock) {
    lock.unlock();
    spin_until([&] { return seats_.load() > 0; }, kLinger);
    lock.lock();
    ++asleep_;
    wake_.wait(lock, [&] { return seats_ > 0; });
    --asleep_;
  }

  std::mutex owner_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  Task* task_ = nullptr;
  // Changed under the mutex; atomic, because those who spin read them without it.
  std::atomic<int> seats_{0}, busy_{0};
  int workers_ = 0, asleep_ = 0;
  std::atomic<int> wanted_;
};

// Never destroyed: workers wait on its condition variable until the process ends, and destroying a condition
// variable under a waiter hangs the exit.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

}  // namespace

void parallel_for(int64_t count, int64_t grain, ChunkBody body, void* context,
                  const std::atomic<bool>* cancelled) {
  if (count <= 0) return;
  grain = std::max<int64_t>(1, grain);
  Task task{body, context, count, grain, (count + grain - 1) / grain, cancelled};
  if (task.chunks > 1 && !inside_chunk && threads() > 1 && pool().run(task)) return;
  task.work();
}

void set_threads(int count) {
  pool().wanted().store(std::clamp(count, 1, 256));
}
int threads() {
  return pool().wanted().load();
}

}  // namespace lb
