// An in-order queue of jobs, run by one native thread. One stream per environment and device.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "device_stream.h"
#include "failures.h"
#include "landbridge/kernel.h"
#include "memory.h"
#include "transfer.h"

namespace lb {

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
  // Only devices are written to, captured, and asked for the time. `send` and `receive`: see transfer.h.
  enum class Kind { run, read, fence, send, receive, write, begin_graph, end_graph, mark } kind = Kind::fence;
  int32_t input_count = 0;
  int32_t precision = LB_PRECISION_float32;
  const lb_kernel_record* kernel = nullptr;
  const char* op = nullptr;       // what the caller called: the name that failures tell
  std::vector<Operand> operands;  // inputs, then outputs
  std::vector<double> params;
  Block* block = nullptr;     // read, send: where from; write, receive: where to
  size_t offset = 0;          // write: from this byte on
  void* host_data = nullptr;  // read, send: where to; write: where from, in staging memory …
  uint64_t staged = 0;        // … up to this position
  size_t bytes = 0;           // what the job adds to the queue's byte count
  bool waits = false;         // read: the job has completed only when the values are there
  Reached reached = nullptr;  // may be null
  void* context = nullptr;
  std::shared_ptr<Transfer> transfer;  // receive: what it waits for
};

// On a device, a job has completed when its work has been issued to the device.
class Stream {
 public:
  // `cache`: the free blocks of the one who issues. Throws std::runtime_error when the device refuses.
  Stream(int device, BlockCache& cache);
  ~Stream();  // after close()

  // The next free job, to be filled and then submitted; its vectors keep their capacity, so that a steady
  // state allocates nothing. Blocks while the queue is full, in jobs or in bytes.
  Job& next_job();
  uint64_t submit();

  uint64_t issued() const { return issued_.load(std::memory_order_relaxed); }
  uint64_t completed() const { return completed_.load(std::memory_order_acquire); }
  void wait(uint64_t job);  // blocks until that job has completed
  void drain();             // blocks until all have, and no block that was freed is in use any more
  // A device's milliseconds from each mark in its stream to the next, since the last call. Waits for them.
  std::vector<float> take_marks();
  // Queues a copy of `data` to a device's block, made before the call returns: the block's value from then
  // on.
  void write(Block* block, const void* data, size_t bytes);

  // Drops what is queued, stops handing out chunks of what runs, and joins the thread.
  void close();

  // The oldest failure that nobody has read, which counts as read from now on; null when there is none.
  std::shared_ptr<Failure> take_failure() { return failures_.take(); }
  Failures& failures() { return failures_; }
  void wake();  // any thread: a transfer to this stream has arrived

  void* workspace(size_t bytes);
  DeviceStream* device() const { return device_.get(); }  // null on the CPU
  const std::atomic<bool>* cancelled() const { return &closing_; }

 private:
  static constexpr uint64_t kJobs = 1024;
  static constexpr size_t kBytes = size_t{1} << 30;

  void loop();
  bool wait_for_job(uint64_t job);
  void make_views(const Job& job);
  void execute(Job& job);
  void run(Job& job);
  std::shared_ptr<Failure> refusal(const Job& job) const;
  std::shared_ptr<Failure> start(Job& job);
  void read(Job& job);
  void tell(const std::shared_ptr<Failure>& failure);
  void fail(Job& job, const std::shared_ptr<Failure>& failure);
  void poison(Job& job, const std::shared_ptr<Failure>& failure);

  // Of transfers: transfer.cc.
  void send(Job& job);
  void receive(Job& job);
  bool await(const Transfer& transfer);
  std::shared_ptr<Failure> take_over(const Transfer& transfer, void* to, size_t bytes);

  // Of devices: stream_device.cc.
  char* stage(size_t bytes);
  void copy_in(Job& job);
  void read_device(Job& job);
  void fence_device(Job& job);
  void finish_drain();
  void free_caches();
  void begin_capture();
  bool end_capture();
  void keep(const Job& job);

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
  std::atomic<bool> drain_wanted_{false};
  std::mutex mutex_;
  std::condition_variable work_, progress_;
  Failures failures_;
  std::mutex workspace_mutex_;
  BlockCache scratch_;
  std::vector<Block*> scratch_used_;
  BlockCache& cache_;
  std::unique_ptr<DeviceStream> device_;
  bool capturing_ = false;  // jobs are being collected into a graph …
  bool refused_ = false;    // … one of which cannot be
  std::vector<Job> kept_;   // those jobs, in case that the graph cannot run
  size_t kept_count_ = 0;
  uint64_t settled_ = 0;  // while they run one by one: the newest job that certainly does not run again
  bool again_ = false;    // they do
  std::thread thread_;
};

// The functions of lb_host that need the stream.
void host_parallel_for(lb_call*, int64_t count, int64_t grain, void (*body)(void*, int64_t, int64_t),
                       void* context);
void* host_workspace(lb_call*, size_t bytes);
void host_fail(lb_call*, const char* message);
lb_report host_report(lb_call*, const char* message);

}  // namespace lb
