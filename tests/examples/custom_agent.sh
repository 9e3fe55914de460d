#!/usr/bin/env bash
# Builds examples/custom_agent against an installed package and runs it both ways, as a plugin and as a runner of its own.
# usage: custom_agent.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" > /dev/null
cmake -S "$source/examples/custom_agent" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" > /dev/null
cmake --build "$work/build"

"$work/prefix/bin/avp-run" --plugin "$work/build/libcalculator.so" "$source/examples/custom_agent/check.toml" --out "$work/plugin"
"$work/build/calculator-run" "$source/examples/custom_agent/check.toml" --out "$work/runner"
for run in plugin runner; do
  right=$(grep -c '"score":1.0' "$work/$run/results.jsonl")
  [ "$right" = 5 ] || { echo "$run: $right of 5 texts were checked rightly"; exit 1; }
done

# In latent mode what the calculator found is read into the context that the judge continues.
"$work/build/calculator-run" "$source/examples/custom_agent/solve.toml" --set model.main.source=smollm2-135m-instruct \
  --set defaults.max_new_tokens=40 --ask "What is 12 * 7?" --json --out "$work/solve" > "$work/solve.json"
python3 - "$work/solve.json" <<'PY'
import json, sys
agents = json.load(open(sys.argv[1]))["agents"]
assert [a["name"] for a in agents] == ["solver", "calculator", "judge"], agents
assert agents[1]["prompt_tokens"] > 0 and agents[1]["context_tokens"] > agents[0]["context_tokens"], agents
PY
echo "custom agent: plugin and runner work"
