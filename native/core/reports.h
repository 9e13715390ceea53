// What kernels on a device can report through their stream's word (lb_host::report).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "memory.h"

namespace lb {

class Reports {
 public:
  // The code of the sentence `op: message`, from 1 on; equal sentences share one.
  uint32_t code(const char* op, const char* message);
  // What a word that is not 0 says: the code's sentence, with the value in place of "%d".
  std::shared_ptr<Failure> failure(uint64_t word) const;

 private:
  mutable std::mutex mutex_;  // one thread queues kernels, another reads their words
  std::vector<std::string> sentences_;
};

}  // namespace lb
