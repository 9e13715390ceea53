// Opening NVIDIA's libraries.
#include <dlfcn.h>

#include <cstring>
#include <string>

#include "libraries.h"
#include "setting.h"

namespace landbridge::cuda {
namespace {

LibraryUse chosen_use() {
  constexpr const char* kVariable = "LANDBRIDGE_CUDA_LIBRARIES";
  const char* word = lb::setting(kVariable);
  if (word == nullptr || strcmp(word, "auto") == 0) return LibraryUse::automatic;
  if (strcmp(word, "off") == 0) return LibraryUse::off;
  if (strcmp(word, "on") == 0) return LibraryUse::always;
  lb::refuse_setting(kVariable, "auto, on or off", word);
  return LibraryUse::automatic;
}

void* open(const char* name) {
  if (const char* folder = lb::setting("LANDBRIDGE_CUDA_LIBRARY_PATH")) {
    const std::string path = std::string(folder) + "/" + name;
    if (void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) return library;
  }
#ifdef LANDBRIDGE_CUDA_EMULATED
  return nullptr;  // a real library knows nothing of emulated memory
#else
  return dlopen(name, RTLD_NOW | RTLD_LOCAL);
#endif
}

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

#define LB_FIND(name) find(library, #name, l.name)

const CublasLt* open_cublaslt() {
  static CublasLt l;
  void* library = open("libcublasLt.so.13");
  if (library == nullptr) library = open("libcublasLt.so.12");
  const bool complete = library != nullptr && LB_FIND(cublasLtCreate) && LB_FIND(cublasLtMatmulDescCreate) &&
                        LB_FIND(cublasLtMatmulDescDestroy) && LB_FIND(cublasLtMatmulDescSetAttribute) &&
                        LB_FIND(cublasLtMatrixLayoutCreate) && LB_FIND(cublasLtMatrixLayoutDestroy) &&
                        LB_FIND(cublasLtMatrixLayoutSetAttribute) &&
                        LB_FIND(cublasLtMatmulPreferenceCreate) && LB_FIND(cublasLtMatmulPreferenceDestroy) &&
                        LB_FIND(cublasLtMatmulPreferenceSetAttribute) &&
                        LB_FIND(cublasLtMatmulAlgoGetHeuristic) && LB_FIND(cublasLtMatmul);
  return complete && l.cublasLtCreate(&l.handle) == CublasLt::kSuccess ? &l : nullptr;
}

const Cudnn* open_cudnn() {
  static Cudnn l;
  void* library = open("libcudnn.so.9");
  const bool complete =
      library != nullptr && LB_FIND(cudnnCreate) && LB_FIND(cudnnSetStream) &&
      LB_FIND(cudnnCreateTensorDescriptor) && LB_FIND(cudnnDestroyTensorDescriptor) &&
      LB_FIND(cudnnSetTensor4dDescriptor) && LB_FIND(cudnnCreateFilterDescriptor) &&
      LB_FIND(cudnnDestroyFilterDescriptor) && LB_FIND(cudnnSetFilter4dDescriptor) &&
      LB_FIND(cudnnCreateConvolutionDescriptor) && LB_FIND(cudnnDestroyConvolutionDescriptor) &&
      LB_FIND(cudnnSetConvolution2dDescriptor) && LB_FIND(cudnnSetConvolutionGroupCount) &&
      LB_FIND(cudnnSetConvolutionMathType) && LB_FIND(cudnnGetConvolutionForwardWorkspaceSize) &&
      LB_FIND(cudnnConvolutionForward) && LB_FIND(cudnnGetConvolutionBackwardDataWorkspaceSize) &&
      LB_FIND(cudnnConvolutionBackwardData) && LB_FIND(cudnnGetConvolutionBackwardFilterWorkspaceSize) &&
      LB_FIND(cudnnConvolutionBackwardFilter);
  return complete && l.cudnnCreate(&l.handle) == Cudnn::kSuccess ? &l : nullptr;
}

}  // namespace

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}
LibraryUse library_use() {
  static const LibraryUse use = chosen_use();
  return use;
}
const CublasLt* cublaslt() {
  static const CublasLt* const library = open_cublaslt();
  return library;
}
const Cudnn* cudnn() {
  static const Cudnn* const library = open_cudnn();
  return library;
}

}  // namespace landbridge::cuda
