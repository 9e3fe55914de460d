#!/usr/bin/env bash
# Makes a Python with the peers that the engine is measured against: llama.cpp, built here for this processor, the AVP SDK, and
# transformers. usage: setup_peers.sh FOLDER
set -euo pipefail
folder=${1:?usage: setup_peers.sh FOLDER   (a folder for the virtual environment, made if it is not there)}
here=$(cd "$(dirname "$0")" && pwd)
[ -x "$folder/bin/python" ] || python3 -m venv "$folder"
pip=$folder/bin/pip
"$folder/bin/python" -c 'import torch' 2> /dev/null ||
  "$pip" install -q --retries 1 --timeout 15 torch==2.13.0 numpy --index-url https://download.pytorch.org/whl/cpu ||
  "$pip" install -q torch==2.13.0 numpy
# From source: a wheel of llama-cpp-python is built for the oldest processor that it is to run on, and is slower here.
export CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAVA_BUILD=OFF" CMAKE_BUILD_PARALLEL_LEVEL=$(nproc) # no vision models
"$pip" install -q --no-binary llama-cpp-python -r "$here/requirements.txt"
"$folder/bin/python" - <<'EOF'
import llama_cpp, avp, torch, transformers
print("llama-cpp-python", llama_cpp.__version__, "| avp", avp.__version__, "| torch", torch.__version__, "| transformers", transformers.__version__)
print(llama_cpp.llama_print_system_info().decode())
EOF
