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
  libseccomp-dev bubblewrap libgmp-dev libmpfi-dev libutf8proc-dev libboost-dev
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

# Errors alone: what pip warns of here is its own age, and an index that can't be reached and has a substitute.
quiet_pip() { .venv/bin/pip install -qq --disable-pip-version-check "$@"; }

torch_prefix() { "$1" -c 'import torch; print(torch.utils.cmake_prefix_path)' 2> /dev/null; }

install_torch() {
  [ -x .venv/bin/python ] || python3 -m venv .venv
  [ -z "$(torch_prefix .venv/bin/python)" ] || return 0
  say "Installing the CPU build of PyTorch 2.13.0 into .venv (about 200 MB)"
  quiet_pip --retries 1 --timeout 15 torch==2.13.0 numpy --index-url https://download.pytorch.org/whl/cpu 2> /dev/null ||
    quiet_pip torch==2.13.0 numpy
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

configure() {
  mkdir -p build
  local log=build/configure-$preset.log
  cmake --preset "$preset" -DCMAKE_PREFIX_PATH="$torch" "${options[@]}" > "$log" 2>&1 || { cat "$log" >&2; return 1; }
}

# Says beforehand how long it takes: a step is so many seconds of a core where the compiler cache is empty.
build() {
  local steps seconds_per_step=8 cores
  cores=$(nproc)
  steps=$(NINJA_STATUS='[%f/%t] ' cmake --build --preset "$preset" -- -n | sed -n 's#^\[[0-9]*/\([0-9]*\)\].*#\1#p' | tail -n 1)
  if ((${steps:-0} < 10)); then
    say "Building ($preset)"
  else
    say "Building ($preset): $steps steps, about $(((steps * seconds_per_step / cores + 59) / 60)) minutes on $cores cores," \
      "a fraction of that with what the compiler cache has"
  fi
  NINJA_STATUS='[%f of %t, %e s] ' cmake --build --preset "$preset"
}

[ -n "${AVP_SKIP_PACKAGES:-}" ] || install_packages
find_torch
options=(-DAVP_BUILD_TESTS=OFF)
if [ $test = yes ]; then
  [ -n "${AVP_SKIP_PACKAGES:-}" ] || install_browser
  install_torch
  say "Installing the peers of the tests into .venv"
  quiet_pip -r tests/requirements.txt
  options=(-DAVP_BUILD_TESTS=ON -DAVP_TEST_PYTHON="$PWD/.venv/bin/python")
fi
# The compiler cache sees paths as relative, so that another clone finds its entries.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
configure
build
say "Models"
models=(qwen2.5-coder-0.5b-instruct)
if [ $test = yes ]; then models+=(smollm2-135m-instruct); fi
"build/$preset/bin/avp-model" fetch "${models[@]}"

if [ $test = yes ]; then
  say "Tests"
  ctest --preset "$preset" -j "$(nproc)"
fi
say "Done. Try:"
cat <<EOF
  build/$preset/bin/avp-run pipelines/gsm8k-chain.toml --limit 5
  build/$preset/bin/avp-run pipelines/gsm8k-chain.toml --ask "A pen costs 3 dollars. What do 7 pens cost?"
  build/$preset/bin/avp-serve pipelines/gsm8k-chain.toml   # the same for clients of the OpenAI API
README.md says where to read on; build/$preset/bin/avp-run --help what else there is.
EOF
