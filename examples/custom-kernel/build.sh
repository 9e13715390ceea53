#!/bin/sh
# In a project of your own: -I node_modules/landbridge/native/include
set -e
cd "$(dirname "$0")"
g++ -std=c++20 -O3 -shared -fPIC -I ../../native/include haversine.cc -o haversine.so
# The CUDA twin, where nvcc is installed. It needs a GPU only to run.
if command -v nvcc >/dev/null; then
  nvcc -std=c++20 -O3 --extended-lambda -arch=sm_80 -shared -Xcompiler -fPIC -I ../../native/include haversine.cu \
    -o haversine-cuda.so
fi
