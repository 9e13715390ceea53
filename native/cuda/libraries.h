// NVIDIA's libraries, opened at run time where they are installed. Nothing links to them, and nothing needs
// them: null means that our own kernel computes.
#pragma once

#include <mutex>

#include "cublaslt.h"
#include "cudnn.h"
#include "routes.h"

namespace landbridge::cuda {

// Held while a library is called: handles and cached descriptors are shared by all streams' threads.
std::mutex& library_mutex();

// What LANDBRIDGE_CUDA_LIBRARIES says.
LibraryUse library_use();

// Opened at the first call, which costs a moment and memory: the table is asked before. Null where it is not found.
// LANDBRIDGE_CUDA_LIBRARY_PATH names a folder to look into first.
const CublasLt* cublaslt();
const Cudnn* cudnn();

}  // namespace landbridge::cuda
