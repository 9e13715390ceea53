# CUDA kernels: a library of their own, loaded only when CUDA is asked for; and the same sources once more for the host,
# where an emulation executes them, so that they are tested on machines without a GPU.
file(GLOB cuda_sources CONFIGURE_DEPENDS kernels/*.cuda.cu cuda/*.cu)

if(LANDBRIDGE_CUDA STREQUAL "AUTO")
  include(CheckLanguage)
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    set(LANDBRIDGE_CUDA ON)
  endif()
endif()

if(LANDBRIDGE_CUDA STREQUAL "ON")
  # CMake 3.25 does not know yet that nvcc speaks C++20.
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
  # Those of the GPUs that are here, else one for those who develop; releases and check-all name all:
  # 80-real;90-real;90-virtual (PTX for what comes later).
  set(architectures $ENV{LANDBRIDGE_CUDA_ARCHITECTURES})
  find_program(LANDBRIDGE_NVIDIA_SMI nvidia-smi)
  if(NOT architectures AND LANDBRIDGE_NVIDIA_SMI)
    execute_process(COMMAND ${LANDBRIDGE_NVIDIA_SMI} --query-gpu=compute_cap --format=csv,noheader
                    OUTPUT_VARIABLE output ERROR_QUIET)
    string(REGEX MATCHALL "[0-9]+[.][0-9]+" capabilities "${output}")
    foreach(capability ${capabilities})
      string(REPLACE "." "" number ${capability})
      if(number GREATER_EQUAL 80) # older ones are refused at run time
        list(APPEND architectures ${number}-real)
      endif()
    endforeach()
    list(REMOVE_DUPLICATES architectures)
  endif()
  if(NOT architectures)
    set(architectures 90-real)
  endif()
  set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
  enable_language(CUDA)
  add_library(landbridge-cuda MODULE ${cuda_sources})
  set_target_properties(landbridge-cuda PROPERTIES PREFIX "" CUDA_STANDARD 20
                        CUDA_ARCHITECTURES "${architectures}")
  target_link_libraries(landbridge-cuda PRIVATE ${CMAKE_DL_LIBS})
  target_compile_options(landbridge-cuda PRIVATE --extended-lambda -Xptxas=--warn-on-spills)
  # A kernel that spills is a defect: ptxas warns, and CI wants no warnings. Users may have another nvcc or GPU.
  if(DEFINED ENV{LANDBRIDGE_STRICT})
    target_compile_options(landbridge-cuda PRIVATE -Werror=all-warnings)
  endif()
endif()

# One wrapper per source, because CMake ties a file to one language.
foreach(source ${cuda_sources})
  get_filename_component(name ${source} NAME_WE)
  set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/emulated/${name}.cc)
  file(WRITE ${wrapper}.new "#include \"${source}\"\n")
  configure_file(${wrapper}.new ${wrapper} COPYONLY)
  list(APPEND emulated_sources ${wrapper})
endforeach()
add_library(landbridge-cuda-emulated MODULE ${emulated_sources})
set_target_properties(landbridge-cuda-emulated PROPERTIES PREFIX "")
target_link_libraries(landbridge-cuda-emulated PRIVATE ${CMAKE_DL_LIBS})
target_compile_definitions(landbridge-cuda-emulated PRIVATE LANDBRIDGE_CUDA_EMULATED)
target_include_directories(landbridge-cuda-emulated PRIVATE ../test/support)
target_compile_options(landbridge-cuda-emulated PRIVATE ${warnings} -Wno-unknown-pragmas -O2 -ffp-contract=off)
