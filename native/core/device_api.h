// The table behind which a library keeps a device's memory and streams: CUDA, and its twin on the host for
// tests.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LB_DEVICE_API_VERSION 1

extern "C" {

// What a device's library offers, by its function landbridge_device(). Every function returns null, or one
// sentence about what went wrong that lives as long as the process. Copies and clears are queued on the
// stream and return before they are done; memory of the host must be page-locked for that. Any thread may
// call.
struct lb_device_api {
  uint32_t size, version;
  int32_t device;  // an lb_device
  // Looks for the driver and for a device that can run this library's kernels; `description` lives on.
  const char* (*open)(const char** description);
  const char* (*memory)(size_t* free, size_t* total);
  // Null data, or a null stream or event, without a sentence: memory is out.
  const char* (*allocate)(void** data, size_t bytes);
  const char* (*release)(void* data);
  const char* (*allocate_host)(void** data, size_t bytes);  // page-locked
  const char* (*release_host)(void* data);
  const char* (*create_stream)(void** stream);
  const char* (*destroy_stream)(void* stream);
  const char* (*copy_in)(void* stream, void* to, const void* host, size_t bytes);
  const char* (*copy_out)(void* stream, void* host, const void* from, size_t bytes);
  const char* (*copy)(void* stream, void* to, const void* from, size_t bytes);
  const char* (*clear)(void* stream, void* data, size_t bytes);
  const char* (*poll)(void* stream);  // does not wait: what has gone wrong so far
  const char* (*synchronize)(void* stream);
  const char* (*create_event)(void** event);
  const char* (*destroy_event)(void* event);
  const char* (*record)(void* event, void* stream);
  const char* (*wait)(void* event);
  const char* (*elapsed)(void* start, void* end, float* milliseconds);
  // What is queued on the stream from here on, by this thread, is collected instead of run …
  const char* (*begin_capture)(void* stream);
  // … and launched as one graph, for which *graph (null at first) is used again where it fits; thrown away
  // where `graph` is null. After a sentence nothing of what was collected has run.
  const char* (*end_capture)(void* stream, void** graph);
  const char* (*destroy_graph)(void* graph);
};
}
