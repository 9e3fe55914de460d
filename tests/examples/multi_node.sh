#!/usr/bin/env bash
# Runs examples/multi_node as its README says, and compares its texts with those of the same pipelines on one node.
# usage: multi_node.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$source/examples/multi_node/run.sh" "$build" "$work/run"

cd "$work/run"
for run in chain fanout; do
  sed -e '/^keys = /d' -e '/^node = /d' -e '/^\[node\./,/^data = /d' $run.toml > alone.toml
  prefix/bin/avp-run --plugin plugin/libcalculator.so alone.toml --set device.cpu.threads=1 --out alone-$run --quiet > /dev/null
done
python3 - <<'PY'
import json, pathlib
def results(folder):
    return {r["task"]: r for r in map(json.loads, pathlib.Path(folder, "results.jsonl").read_text().splitlines())}
where = {"chain": {"planner": "b", "solver": "c", "calculator": "d", "judge": "b"},
         "fanout": {"algebraist": "b", "arithmetician": "c", "judge": "d"}}
for run, nodes in where.items():
    here, alone = results(run), results(f"alone-{run}")
    assert {task: r["text"] for task, r in here.items()} == {task: r["text"] for task, r in alone.items()}, run
    for result in here.values():
        assert {agent["name"]: agent["node"] for agent in result["agents"]} == nodes, result
        assert result["wire_bytes"] > 0, result
# The judge of the chain runs where the planner ran, so the planner's positions do not travel back.
for result in results("chain").values():
    calculator = next(agent for agent in result["agents"] if agent["name"] == "calculator")
    assert calculator["wire_bytes"] < calculator["context_bytes"], result
PY

# The unit as it is installed, but for where the program lies.
if command -v systemd-analyze > /dev/null; then
  sed "s|/usr/local/bin/avp-node|$PWD/prefix/bin/avp-node|" "$source/examples/multi_node/avp-node.service" > avp-node.service
  systemd-analyze verify ./avp-node.service
fi
echo "multi-node example: the texts are those of one node"
