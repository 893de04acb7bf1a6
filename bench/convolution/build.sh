#!/bin/sh
# Builds bench/convolution/build/convolution from native/ and the system's oneDNN.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p bench/convolution/build
${CXX:-g++} -std=c++17 -O3 -fopenmp -fno-math-errno -fno-trapping-math -Wall -Wextra -Wno-psabi bench/convolution/convolution.cpp native/winograd_f32.cpp \
  native/winograd_bf16.cpp native/winograd_plan.cpp native/tensor.cpp native/vector_math.cpp native/library_step.cpp -ldnnl -o bench/convolution/build/convolution
