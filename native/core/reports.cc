#include "reports.h"

#include <algorithm>

namespace lb {

uint32_t Reports::code(const char* op, const char* message) {
  const std::string sentence = std::string(op) + ": " + message;
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = std::find(sentences_.begin(), sentences_.end(), sentence);
  if (found == sentences_.end()) found = sentences_.insert(found, sentence);
  return static_cast<uint32_t>(found - sentences_.begin()) + 1;
}

// Never a format string for printf: the sentence is a kernel author's text.
std::shared_ptr<Failure> Reports::failure(uint64_t word) const {
  const size_t code = static_cast<size_t>(word >> 32);
  const auto value = static_cast<int32_t>(static_cast<uint32_t>(word));
  auto failure = std::make_shared<Failure>();
  failure->poisons = false;
  std::lock_guard<std::mutex> lock(mutex_);
  if (code == 0 || code > sentences_.size()) {
    failure->message = "a kernel reported a failure that no message belongs to";
    return failure;
  }
  failure->message = sentences_[code - 1];
  const size_t at = failure->message.find("%d");
  if (at != std::string::npos) failure->message.replace(at, 2, std::to_string(value));
  return failure;
}

}  // namespace lb
