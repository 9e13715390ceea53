// The kernels that exist: the addon's own and those of loaded libraries.
#pragma once

#include <string>
#include <vector>

#include "landbridge/kernel.h"

namespace lb {

// The record for a kernel, best instruction set within the chosen one first; a kernel for dtype `any` serves
// every dtype that has none of its own. Null when there is none.
const lb_kernel_record* find_kernel(const char* name, int device, int dtype);
// Every record that this CPU may run.
std::vector<const lb_kernel_record*> all_kernels();

// Opens a shared library and adds its kernels. Returns their records; throws std::runtime_error with one
// sentence.
std::vector<const lb_kernel_record*> load_library(const std::string& path);

// The table of functions that kernels receive.
const lb_host& host_table();

const char* dtype_name(int dtype);
const char* device_name(int device);
size_t dtype_size(int dtype);

}  // namespace lb
