#!/usr/bin/env bash
# Builds the llama.cpp of llama-cpp-python for one level of the processor's instructions, for against_llama.py --level.
# usage: build_llama.sh FOLDER avx2|avx512|amx     the libraries come to lie in FOLDER
set -euo pipefail
folder=$(realpath -m "${1:?usage: build_llama.sh FOLDER LEVEL}")
level=${2:?usage: build_llama.sh FOLDER LEVEL}
here=$(cd "$(dirname "$0")" && pwd)
flags=(-DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON)
case $level in
avx2) ;;
avx512) # As far as the processor goes beyond what this level of ours needs.
  flags+=(-DGGML_AVX512=ON -DGGML_AVX512_VNNI=ON)
  if grep -q avx512_\\?vbmi /proc/cpuinfo; then flags+=(-DGGML_AVX512_VBMI=ON); fi
  if grep -q avx512_bf16 /proc/cpuinfo; then flags+=(-DGGML_AVX512_BF16=ON); fi ;;
amx) # Clang: GCC 12 drops what is written to a tile configuration, and the program faults.
  flags+=(-DGGML_AVX512=ON -DGGML_AVX512_VBMI=ON -DGGML_AVX512_VNNI=ON -DGGML_AVX512_BF16=ON
    -DGGML_AMX_TILE=ON -DGGML_AMX_INT8=ON -DGGML_AMX_BF16=ON
    -DCMAKE_C_COMPILER=clang-16 -DCMAKE_CXX_COMPILER=clang++-16)
  command -v clang-16 > /dev/null || { echo "build_llama.sh: level amx needs clang (apt-get install clang-16 libomp-16-dev)" >&2; exit 2; } ;;
*) echo "build_llama.sh: levels are avx2, avx512 and amx, not '$level'" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
package=$(grep '^llama-cpp-python==' "$here/requirements.txt")
python3 -m pip download -q --no-deps --no-binary :all: -d "$work" "$package"
mkdir "$work/source"
tar -xzf "$work"/llama_cpp_python-*.tar.gz -C "$work/source" --strip-components 1
cmake -S "$work/source/vendor/llama.cpp" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON -DGGML_NATIVE=OFF \
  -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_CURL=OFF \
  -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON -DCMAKE_INSTALL_RPATH='$ORIGIN' -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON "${flags[@]}" > "$work/configure.log" || { cat "$work/configure.log" >&2; exit 1; }
cmake --build "$work/build" --target llama > "$work/build.log" || { tail -40 "$work/build.log" >&2; exit 1; }
mkdir -p "$folder"
cp -P "$work"/build/bin/*.so* "$folder/"
