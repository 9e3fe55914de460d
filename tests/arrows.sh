#!/usr/bin/env bash
# Includes go one way: transport <- gpu <- agents <- runtime, and from folder to folder of gpu and of the runtime as their
# READMEs say.
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

forbid "transport knows no other room" '#include "(gpu|agents|runtime)/' transport
forbid "gpu knows only transport" '#include "(agents|runtime)/' gpu
forbid "agents know only gpu and transport" '#include "runtime/' agents
forbid "agents/text knows texts alone" '#include [<"](caf/|agents/[a-z_]+\.|gpu/([a-su-z]|t[a-df-z]))' agents/text
forbid "Torch headers stay in gpu" '#include [<"](torch|ATen|c10)/' transport agents runtime examples
forbid "Torch headers stay out of what other rooms see of gpu" '#include [<"](torch|ATen|c10|gpu/(cache|engine|kernels))/' \
  gpu/*.hpp gpu/text/*.hpp
forbid "transport needs neither CAF nor TOML" '#include [<"](caf|toml\+\+)/' transport

# Folders of gpu: text, kernels <- cache <- model <- engine <- the root. Each knows the words of the root (requests, results,
# settings, errors: all of its headers but the actor's) and those of the model that know nothing themselves.
declare -A gpu_knows=(
  [text]=""
  [kernels]=""
  [cache]="kernels"
  [model]="text kernels cache"
  [engine]="text kernels cache model"
)
words='gpu/(model/(model_config|model_error|tensor_type|file_kind)|[a-z_]+)\.hpp"'
for path in gpu/*/; do
  folder=$(basename "$path")
  known="$words|gpu/$folder/"
  for other in ${gpu_knows[$folder]?"$path is in no arrow of this test"}; do known+="|gpu/$other/"; done
  if grep -rn --include='*.hpp' --include='*.cpp' '#include "gpu/' "$path" | grep -vE "\"($known)"; then
    echo "^ $path knows of gpu only: ${gpu_knows[$folder]}, and words"
    wrong=1
  fi
done
forbid "only the root starts the device" '#include "gpu/device_actor.hpp"' gpu/*/
for word in gpu/*.hpp gpu/model/{model_config,model_error,tensor_type,file_kind}.hpp; do
  if grep -Hn '#include "gpu/' "$word" | grep -vE '"gpu/([a-z_]+|text/chat_message)\.hpp"'; then
    echo "^ $word is a word that all folders of gpu may know, so it knows no folder"
    wrong=1
  fi
done

declare -A knows=( # a folder of the runtime -> those that it knows
  [text]=""
  [os]=""
  [mathematics]=""
  [score]="os mathematics"
  [pipeline]="text score"
  [results]="text os pipeline"
  [telemetry]="text"
  [report]="text pipeline results"
  [journal]="os pipeline results"
  [node]="text os pipeline telemetry"
  [flow]="text pipeline results node"
  [run]="text os score pipeline results telemetry report journal node flow"
  [serve]="text os pipeline results node flow run"
)
for path in runtime/*/; do
  folder=$(basename "$path")
  known="runtime/$folder/"
  for other in ${knows[$folder]?"$path is in no arrow of this test"}; do known+="|runtime/$other/"; done
  if grep -rn --include='*.hpp' --include='*.cpp' '#include "runtime/' "$path" | grep -vE "\"($known)"; then
    echo "^ $path knows of the runtime only: ${knows[$folder]}"
    wrong=1
  fi
done
exit $wrong
