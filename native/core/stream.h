// An in-order queue of jobs, run by one native thread. One stream per environment and device.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "landbridge/kernel.h"
#include "memory.h"
#include "reports.h"

namespace lb {

// Told when the stream has reached a point; `failure` is null, or why the value that was read does not exist.
// Runs on the stream's thread. Not called for jobs that were dropped by close().
using Reached = void (*)(void* context, const std::shared_ptr<Failure>& failure);

// A tensor of a job. Kept small: what one thread writes, the other has to fetch; the kernel's views are made
// there.
struct Operand {
  Block* block;  // null where the tensor is absent
  int64_t count;
  int16_t dtype;
  int16_t rank;                        // -1: absent
  int32_t replaces;                    // of an output: the input whose value it replaces, or negative
  int64_t shape[LANDBRIDGE_MAX_RANK];  // as far as the rank goes
};

struct Job {
  enum class Kind { run, read, fence } kind = Kind::fence;
  int32_t input_count = 0;
  int32_t precision = LB_PRECISION_float32;
  const lb_kernel_record* kernel = nullptr;
  const char* op = nullptr;       // what the caller called: the name that failures tell
  std::vector<Operand> operands;  // inputs, then outputs
  std::vector<double> params;
  Block* source = nullptr;    // read: where from
  void* host_data = nullptr;  // and where to
  size_t bytes = 0;           // what the job adds to the queue's byte count
  Reached reached = nullptr;
  void* context = nullptr;
};

class Stream {
 public:
  Stream();
  ~Stream();  // after close()

  // The next free job, to be filled and then submitted; its vectors keep their capacity, so that a steady
  // state allocates nothing. Blocks while the queue is full, in jobs or in bytes.
  Job& next_job();
  uint64_t submit();

  uint64_t issued() const { return issued_.load(std::memory_order_relaxed); }
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  void wait(uint64_t job);  // blocks until that job has completed

  // Drops what is queued, stops handing out chunks of what runs, and joins the thread.
  void close();

  // The oldest failure that nobody has read, which counts as read from now on; null when there is none.
  std::shared_ptr<Failure> take_failure();

  void* workspace(size_t bytes);
  lb_report report(const char* op, const char* message);
  const std::atomic<bool>* cancelled() const { return &closing_; }

 private:
  static constexpr uint64_t kJobs = 1024;
  static constexpr size_t kBytes = size_t{1} << 30;
  static constexpr size_t kFailures = 64;  // a loop that never looks must not collect them for ever

  void loop();
  bool wait_for_job(uint64_t job);
  void make_views(const Job& job);
  void execute(Job& job);
  void run(Job& job);
  void read(Job& job);
  void poison(Job& job, const std::shared_ptr<Failure>& failure);
  void mark_delivered(const std::shared_ptr<Failure>& failure);

  std::vector<Job> ring_{kJobs};
  // Written by one side and read by the other: each side's on lines of their own.
  alignas(64) std::atomic<uint64_t> issued_{0};
  size_t issued_bytes_ = 0;
  std::atomic<int> producers_wait_{0};
  alignas(64) std::atomic<uint64_t> completed_{0};
  std::atomic<size_t> completed_bytes_{0};
  std::atomic<bool> consumer_sleeps_{false};
  std::vector<lb_view> inputs_, outputs_;  // of the job that runs
  alignas(64) std::atomic<bool> closing_{false};
  std::mutex mutex_;
  std::condition_variable work_, progress_;
  std::mutex failure_mutex_;
  std::vector<std::shared_ptr<Failure>> failures_;  // not yet read, oldest first
  std::mutex workspace_mutex_;
  BlockCache scratch_;
  std::vector<Block*> scratch_used_;
  uint64_t report_word_ = 0;
  Reports reports_;
  std::thread thread_;
};

// The functions of lb_host that need the stream.
void host_parallel_for(lb_call*, int64_t count, int64_t grain, void (*body)(void*, int64_t, int64_t),
                       void* context);
void* host_workspace(lb_call*, size_t bytes);
void host_fail(lb_call*, const char* message);
lb_report host_report(lb_call*, const char* message);

}  // namespace lb
