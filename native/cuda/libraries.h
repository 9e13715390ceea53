// NVIDIA's libraries, opened at run time where they are installed. Nothing links to them, and nothing needs
// them: null means that our own kernel computes.
#pragma once

#include <mutex>

#include "cublaslt.h"
#include "cudnn.h"
#include "routes.h"

namespace landbridge::cuda {

// One library at a time may be called: handles and cached descriptors are shared by all streams' threads.
struct Libraries {
  std::mutex mutex;
  LibraryUse use;
  const CublasLt* cublaslt;
  const Cudnn* cudnn;
};

// Opens the libraries at the first call. LANDBRIDGE_CUDA_LIBRARY_PATH names a folder to look into first.
__attribute__((visibility("hidden"))) Libraries& libraries();

}  // namespace landbridge::cuda
