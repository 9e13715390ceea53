#include "transfer.h"

#include <cstring>
#include <utility>

#include "spin.h"
#include "stream.h"

namespace lb {

void transfer(Stream& source, Block* from, Stream& target, Block* to, Block* buffer, size_t bytes) {
  auto transfer = std::make_shared<Transfer>(buffer, source.failures(), target);
  Job& send = source.next_job();
  send.kind = Job::Kind::send;
  send.block = from;
  send.host_data = buffer->data;
  send.bytes = bytes;
  send.waits = false;
  send.reached = Transfer::arrive;
  send.context = transfer.get();
  source.submit();
  Job& receive = target.next_job();
  receive.kind = Job::Kind::receive;
  receive.block = to;
  receive.bytes = bytes;
  receive.transfer = std::move(transfer);
  target.submit();
}

// What a kernel reported poisons nothing, and goes along with the first value that leaves after it.
void Transfer::arrive(void* context, const std::shared_ptr<Failure>& failure) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  transfer.failure = failure != nullptr ? failure : transfer.source.take_report();
  transfer.unread = failure == nullptr || transfer.source.delivered(failure);
  Stream& target = transfer.target;
  transfer.done.store(true);  // the target may be through with it from here on
  target.wake();
}

// Streams are closed, all of an environment, before any is destroyed: there is always one to wake.
void Stream::wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  work_.notify_one();
}

// A read whose value nobody looks at here: failures that were not read stay so.
void Stream::send(Job& job) {
  if (device_ != nullptr) return read_device(job);
  const std::shared_ptr<Failure>& failure = job.block->failure;
  if (failure == nullptr && job.bytes > 0) std::memcpy(job.host_data, job.block->data, job.bytes);
  job.reached(job.context, failure);
}

// False when the stream closes: the source's thread may still be writing to the buffer.
bool Stream::await(const Transfer& transfer) {
  const auto over = [&] { return transfer.done.load() || closing_.load(); };
  if (!spin_until(over)) {
    std::unique_lock<std::mutex> lock(mutex_);
    work_.wait(lock, over);
  }
  return !closing_.load();
}

// Why there is no value; null when it was copied, or when the copy is queued.
std::shared_ptr<Failure> Stream::take_over(const Transfer& transfer, void* to, size_t bytes) {
  if (transfer.failure != nullptr && transfer.unread) tell(transfer.failure);
  if (transfer.failure != nullptr && transfer.failure->poisons) return transfer.failure;
  const void* const from = transfer.buffer->data;
  if (device_ == nullptr) {
    if (bytes > 0) std::memcpy(to, from, bytes);
    return nullptr;
  }
  const std::shared_ptr<Failure> failure = device_->receive(to, from, bytes);
  if (failure != nullptr) tell(failure);
  return failure;
}

// A capture ends before: what it holds would wait as well.
void Stream::receive(Job& job) {
  end_capture();
  if (!await(*job.transfer)) return;
  job.block->failure = take_over(*job.transfer, job.block->data, job.bytes);
  job.transfer.reset();
}

}  // namespace lb
