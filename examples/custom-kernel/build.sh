#!/bin/sh
# In a project of your own: -I node_modules/landbridge/native/include
cd "$(dirname "$0")" && g++ -std=c++20 -O3 -shared -fPIC -I ../../native/include haversine.cc -o haversine.so
