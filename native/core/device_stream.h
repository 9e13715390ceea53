// What a Stream needs on a device: the device's own stream, and the ways of values to and from it.
#pragma once

#include "completer.h"
#include "device.h"
#include "failures.h"
#include "reports.h"
#include "staging.h"

namespace lb {

class DeviceStream {
 public:
  // Throws std::runtime_error with one sentence.
  DeviceStream(Device& device, Failures& failures);
  ~DeviceStream();  // after close()

  Device& device() const { return device_; }
  void* handle() const { return handle_; }
  // Where the issuing thread puts values before it returns; the stream's thread copies them on.
  Staging& uploads() { return uploads_; }

  // The rest is for the stream's thread. What a capture collects may fail without harm to the device: false.
  bool copy_in(void* to, const void* staged, size_t bytes, bool captured);
  void uploaded(uint64_t position);  // the staging memory up to there was queued
  void copy(void* to, const void* from, size_t bytes);
  lb_report report(const char* op, const char* message);
  // Copies `bytes` from the device, or tells of `failure`, both in `what`; `waits`: not before that is done
  // does it return.
  void read(const void* from, Completion what, bool waits);
  // Copies from memory that the caller may use again at once. Why it could not; null when the copy is queued.
  std::shared_ptr<Failure> receive(void* to, const void* from, size_t bytes);
  void fence(Reached reached, void* context);
  void failed(const std::shared_ptr<Failure>& failure);
  void synchronize();
  void mark();
  // The milliseconds from each mark to the next, which are forgotten; once the stream is drained.
  std::vector<float> take_marks();

  bool begin_capture();
  bool launch_capture();  // false: nothing of it ran
  void discard_capture();

  void cancel();  // any thread: the stream's thread waits for nothing here any more
  void close();   // once that thread has ended: what waits is dropped, the device is at rest

 private:
  Completion point(Completion::Kind kind);
  char* stage(size_t bytes, std::shared_ptr<Failure>& failure);
  void read_parts(const char* from, char* to, size_t bytes, Completion& last);

  Device& device_;
  void* handle_ = nullptr;
  void* word_ = nullptr;   // on the device: what a kernel reported
  bool reported_ = false;  // a kernel may have written it since it was last read
  void* graph_ = nullptr;  // the last one launched
  uint64_t uploaded_ = 0, announced_ = 0;
  std::vector<void*> marks_;
  Reports reports_;
  Staging uploads_, downloads_;  // by the issuing thread; by the stream's own, whichever way it copies
  Completer completer_;
};

}  // namespace lb
