#!/bin/sh
# build.sh SOURCE LIBRARY: compiles the bridge against the system's libtorch, or against the one under $LIBTORCH.
set -eu
flags='-std=c++17 -O2 -fPIC -shared -fvisibility=hidden'
if [ -n "${LIBTORCH:-}" ]; then
    flags="$flags -I$LIBTORCH/include -I$LIBTORCH/include/torch/csrc/api/include -L$LIBTORCH/lib -Wl,-rpath,$LIBTORCH/lib"
    # Packages of Python's torch were long built with the old C++ ABI; the library itself says which.
    grep -q __cxx11 "$LIBTORCH/lib/libc10.so" || flags="$flags -D_GLIBCXX_USE_CXX11_ABI=0"
    if [ -e "$LIBTORCH/lib/libtorch_cuda.so" ]; then
        flags="$flags -Wl,--no-as-needed -ltorch_cuda -lc10_cuda"
    fi
fi
# Written under another name first, so that no reader ever sees half a library.
# shellcheck disable=SC2086
"${CXX:-g++}" "$1" -o "$2.$$" $flags -ltorch_cpu -lc10
mv "$2.$$" "$2"
