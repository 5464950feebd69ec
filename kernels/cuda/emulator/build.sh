#!/bin/sh
# Builds the stand-ins libcuda.so.1, libcublas.so.12, libcublasLt.so.12, libnccl.so.2 and cudnn/libcudnn.so.9 into the folder $1, an absolute path, with g++; further
# arguments are passed to it, such as -fsanitize=address.
set -e
out=$1
shift
mkdir -p "$out"
cd "$(dirname "$0")"
flags="-std=c++20 -O2 -fPIC -ffp-contract=off -fno-strict-aliasing -Wall -Wno-unused-function -Wno-unknown-pragmas -I. -I../driver/include $*"
objects=
for f in ../ptx/*.cu fibers.cpp driver.cpp memory.cpp stream.cpp ptx_text.cpp ptx_instructions.cpp ptx_run.cpp; do
	[ "$f" != ../ptx/functions.cu ] || continue # nothing to launch
	o=$out/$(basename "$f").o
	g++ $flags -x c++ -c "$f" -o "$o"
	objects="$objects $o"
done
g++ $flags -shared -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" $objects
g++ $flags -shared -Wl,-soname,libcublas.so.12 -o "$out/libcublas.so.12" blas.cpp "$out/libcuda.so.1"
g++ $flags -shared -Wl,-soname,libcublasLt.so.12 -o "$out/libcublasLt.so.12" blaslt.cpp "$out/libcuda.so.1"
g++ $flags -shared -Wl,-soname,libnccl.so.2 -o "$out/libnccl.so.2" nccl.cpp "$out/libcuda.so.1"
# cuDNN and its parts lie in a folder that the loader does not look into, as those of a Python package do.
mkdir -p "$out/cudnn"
g++ $flags -shared -Wl,-soname,libcudnn.so.9 -o "$out/cudnn/libcudnn.so.9" dnn*.cpp "$out/libcuda.so.1" -ldl
for part in graph heuristic engines_precompiled engines_runtime_compiled; do
	g++ -shared -x c++ -Wl,-soname,libcudnn_$part.so.9 -o "$out/cudnn/libcudnn_$part.so.9" /dev/null
done
