#!/usr/bin/env bash
# Includes go one way: transport <- gpu <- agents <- runtime, and from folder to folder of the runtime as its README says.
# Torch stays inside gpu, and out of its public headers.
# usage: arrows.sh SOURCE_FOLDER
set -euo pipefail
cd "$1"
wrong=0

forbid() { # what, pattern, folders or files…
  local what=$1 pattern=$2
  shift 2
  if grep -rnE --include='*.hpp' --include='*.cpp' "$pattern" "$@"; then
    echo "^ $what"
    wrong=1
  fi
}

forbid "transport knows no other room" '#include [<"](avp/)?(gpu|agents|runtime)/' transport
forbid "gpu knows only transport" '#include [<"](avp/)?(agents|runtime)/' gpu
forbid "agents know only gpu and transport" '#include [<"](avp/)?runtime/' agents
forbid "Torch headers stay in gpu" '#include [<"](torch|ATen|c10)/' transport agents runtime examples
forbid "Torch headers stay out of what other rooms see of gpu" '#include [<"](torch|ATen|c10|avp/gpu/(cache|engine|kernels))/' \
  gpu/*.hpp gpu/text/*.hpp
forbid "transport needs neither CAF nor TOML" '#include [<"](caf|toml\+\+)/' transport

declare -A knows=( # a folder of the runtime -> those that it knows
  [text]=""
  [os]=""
  [score]="os"
  [pipeline]="text score"
  [results]="text os pipeline"
  [telemetry]="text"
  [report]="text pipeline results"
  [journal]="os pipeline results"
  [node]="text os pipeline telemetry"
  [run]="text os score pipeline results telemetry report journal node"
)
for path in runtime/*/; do
  folder=$(basename "$path")
  known="runtime/$folder/"
  for other in ${knows[$folder]?"$path is in no arrow of this test"}; do known+="|runtime/$other/"; done
  if grep -rn --include='*.hpp' --include='*.cpp' '#include [<"]avp/runtime/' "$path" | grep -vE "avp/($known)"; then
    echo "^ $path knows of the runtime only: ${knows[$folder]}"
    wrong=1
  fi
done
exit $wrong
