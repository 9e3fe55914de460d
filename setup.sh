#!/usr/bin/env bash
# Installs what the build needs, builds, and fetches the default model. With --test also runs the tests.
# Everything but the system packages stays in this folder and in the model cache (~/.cache/avp, or $AVP_MODELS).
set -euo pipefail
cd "$(dirname "$0")"

packages=(
  g++ cmake ninja-build ccache pkg-config git ca-certificates python3 python3-venv python3-pip
  libcaf-dev libzmq3-dev cppzmq-dev libtomlplusplus-dev libspdlog-dev libprotobuf-dev protobuf-compiler
  libzstd-dev libdeflate-dev libfmt-dev libssl-dev nlohmann-json3-dev libexpected-dev libpcre2-dev libcli11-dev
  libcpp-httplib-dev libkainjow-mustache-dev libsqlitecpp-dev libsqlite3-dev libcurl4-openssl-dev libarchive-dev libgtest-dev libgmock-dev clang-format-14
  libseccomp-dev bubblewrap
)
preset=release
test=no

usage() {
  cat <<EOF
usage: ./setup.sh [--test] [--preset release|debug|asan]
  (nothing)   install packages, build into build/<preset>, fetch qwen2.5-coder-0.5b-instruct (491 MB)
  --test      the same, then run the tests (fetches smollm2-135m-instruct too, 98 MB)
EOF
}

while (($#)); do
  case $1 in
    --test) test=yes ;;
    --preset) preset=${2:?--preset needs a name: release, debug or asan}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) echo "setup.sh: unknown argument '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

say() { printf '\n== %s\n' "$*"; }

stop_for_packages() {
  echo "$1, then run setup.sh again with AVP_SKIP_PACKAGES=1:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  exit 1
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo > /dev/null; then
    sudo "$@"
  else
    stop_for_packages "There is no sudo here. Let root install these packages"
  fi
}

install_packages() {
  if ! command -v apt-get > /dev/null; then
    stop_for_packages "This system has no apt. Install what these Debian packages hold"
  fi
  local missing=()
  for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "Installing: ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# The report is tested in a browser (label browser). Where the system has no such package, that test is skipped.
install_browser() {
  ! command -v chromium > /dev/null || return 0
  say "Installing: chromium"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium ||
    echo "There is no chromium package here; the test of the report in a browser will be skipped."
}

torch_prefix() { "$1" -c 'import torch; print(torch.utils.cmake_prefix_path)' 2> /dev/null; }

install_torch() {
  [ -x .venv/bin/python ] || python3 -m venv .venv
  [ -z "$(torch_prefix .venv/bin/python)" ] || return 0
  say "Installing the CPU build of PyTorch 2.13.0 into .venv"
  .venv/bin/pip install -q --retries 1 --timeout 15 torch==2.13.0 numpy --index-url https://download.pytorch.org/whl/cpu ||
    .venv/bin/pip install -q torch==2.13.0 numpy
}

# A Torch that is there (CPU or CUDA) is used; otherwise one goes into .venv.
find_torch() {
  torch=${Torch_DIR:+$Torch_DIR/../../..}
  [ -n "$torch" ] || torch=$(torch_prefix python3) || torch=$(torch_prefix .venv/bin/python) || true
  if [ -z "$torch" ]; then
    install_torch
    torch=$(torch_prefix .venv/bin/python)
  fi
  echo "Torch: $torch"
}

[ -n "${AVP_SKIP_PACKAGES:-}" ] || install_packages
find_torch
options=(-DAVP_BUILD_TESTS=OFF)
if [ $test = yes ]; then
  [ -n "${AVP_SKIP_PACKAGES:-}" ] || install_browser
  install_torch
  say "Installing the peers of the tests into .venv"
  .venv/bin/pip install -q -r tests/requirements.txt
  options=(-DAVP_BUILD_TESTS=ON -DAVP_TEST_PYTHON="$PWD/.venv/bin/python")
fi
# The compiler cache sees paths as relative, so that another clone finds its entries.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
say "Building ($preset)"
cmake --preset "$preset" -DCMAKE_PREFIX_PATH="$torch" "${options[@]}"
cmake --build --preset "$preset"
say "Models"
models=(qwen2.5-coder-0.5b-instruct)
if [ $test = yes ]; then models+=(smollm2-135m-instruct); fi
"build/$preset/bin/avp-model" fetch "${models[@]}"

if [ $test = yes ]; then
  say "Tests"
  ctest --preset "$preset" -j "$(nproc)"
else
  say "Done. Try: build/$preset/bin/avp-run pipelines/gsm8k-chain.toml --limit 5"
fi
