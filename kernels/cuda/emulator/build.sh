#!/bin/sh
# Builds the stand-ins libcuda.so.1, libcublas.so.12 and libcudnn.so.9 into the folder $1 with g++; further arguments are passed to it,
# such as -fsanitize=address.
set -e
out=$1
shift
mkdir -p "$out"
cd "$(dirname "$0")"
flags="-std=c++17 -O2 -fPIC -ffp-contract=off -fno-strict-aliasing -Wall -Wno-unused-function -I. -I../driver/include $*"
objects=
for f in ../ptx/*.cu fibers.cpp driver.cpp; do
	o=$out/$(basename "$f").o
	g++ $flags -x c++ -c "$f" -o "$o"
	objects="$objects $o"
done
g++ $flags -shared -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" $objects
g++ $flags -shared -Wl,-soname,libcublas.so.12 -o "$out/libcublas.so.12" blas.cpp "$out/libcuda.so.1"
g++ $flags -shared -Wl,-soname,libcudnn.so.9 -o "$out/libcudnn.so.9" dnn.cpp "$out/libcuda.so.1"
