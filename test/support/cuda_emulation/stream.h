// A stream of the emulated device: work is done at once, or collected while a graph is captured.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "landbridge/kernel.h"

struct EmulatedStream {
  bool capturing = false;
  std::vector<std::function<void()>> captured;
  std::string failure;  // of a launch in a graph: its call is long over

  template <class F>
  void run(F work) {
    if (capturing) captured.push_back(std::move(work));
    else work();
  }
};

namespace lb::cuda::emulated {

// With LANDBRIDGE_EMULATION_DRY=<file> launches are written to that file and not carried out, and memory is
// not touched, so that any size costs nothing. Null otherwise.
inline FILE* dry_record() {
  static FILE* const file = [] {
    const char* path = getenv("LANDBRIDGE_EMULATION_DRY");
    return path != nullptr ? fopen(path, "a") : nullptr;
  }();
  return file;
}

// What a launch in a graph keeps of its call.
inline lb_call detached(const lb_call& call) {
  static const lb_host host = [] {
    lb_host table{};
    table.fail = [](lb_call* c, const char* message) {
      std::string& failure = static_cast<EmulatedStream*>(c->stream)->failure;
      if (failure.empty()) failure = message;
    };
    return table;
  }();
  lb_call copy = call;
  copy.host = &host;
  return copy;
}

}  // namespace lb::cuda::emulated
