// A stream of the emulated device: work is done at once, or collected while a graph is captured.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
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
    if (capturing)
      captured.push_back(std::move(work));
    else
      work();
  }
};

namespace landbridge::cuda::emulated {

// With LANDBRIDGE_EMULATION_DRY=<file> launches are written to that file and not carried out, and memory is
// not touched, so that any size costs nothing. Null otherwise.
inline FILE* dry_record() {
  static FILE* const file = [] {
    const char* path = getenv("LANDBRIDGE_EMULATION_DRY");
    return path != nullptr ? fopen(path, "a") : nullptr;
  }();
  return file;
}

// Bytes of shared memory that a block can have: 163 KiB, or LANDBRIDGE_EMULATION_SHARED=<KiB>.
inline size_t shared_of_block() {
  static const size_t bytes = [] {
    const char* kib = getenv("LANDBRIDGE_EMULATION_SHARED");
    return (kib != nullptr ? strtoul(kib, nullptr, 10) : 163) << 10;
  }();
  return bytes;
}

// Between "Kernel = " and the next ";" of __PRETTY_FUNCTION__, without the namespaces that say nothing.
inline std::string kernel_name(std::string pretty) {
  const size_t begin = pretty.find("Kernel = ");
  if (begin != std::string::npos) pretty = pretty.substr(begin + 9, pretty.find(';', begin) - begin - 9);
  for (const char* noise :
       {"landbridge::cuda::", "{anonymous}::", "(anonymous namespace)::", "landbridge::"}) {
    for (size_t at; (at = pretty.find(noise)) != std::string::npos;) pretty.erase(at, strlen(noise));
  }
  return pretty;
}

template <class Dim3>
void record_launch(FILE* file, const char* name, const Dim3& grid, const Dim3& block, size_t shared) {
  fprintf(file, "%s\t%u %u %u\t%u %u %u\t%zu\n", kernel_name(name).c_str(), grid.x, grid.y, grid.z, block.x,
          block.y, block.z, shared);
  fflush(file);
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

// Does the work of a call, work(lb_call&): now, or whenever the graph runs that its stream is captured for.
template <class F>
void on_stream(lb_call& call, F work) {
  auto* stream = static_cast<EmulatedStream*>(call.stream);
  if (stream == nullptr || !stream->capturing) return work(call);
  stream->captured.push_back([=, kept = detached(call)]() mutable { work(kept); });
}

}  // namespace landbridge::cuda::emulated
