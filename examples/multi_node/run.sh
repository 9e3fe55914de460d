#!/usr/bin/env bash
# Runs a chain and a fan-out over three nodes, all on this machine: keys, three avp-node, two runs, and the nodes leave.
# usage: run.sh BUILD [FOLDER]      BUILD: folder that the project was built in; FOLDER: new, for keys and results (multi-node-run)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
folder=${2:-multi-node-run}
mkdir "$folder"
cd "$folder"
cp "$here"/*.toml "$here"/problems.jsonl .

# The calculator as a plugin, built against the installed package as anybody's would be.
cmake --install "$build" --prefix "$PWD/prefix" > install.log
cmake -S "$here/../custom_agent" -B plugin -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$PWD/prefix" > plugin.log
cmake --build plugin --target calculator >> plugin.log
PATH="$PWD/prefix/bin:$PATH"
export OMP_NUM_THREADS=1 # three nodes share this machine

avp-key cluster --nodes local,b,c,d --out keys

nodes=()
trap 'kill -KILL "${nodes[@]}" 2> /dev/null || true' EXIT
for name in b c d; do
  avp-node --config $name.toml --plugin plugin/libcalculator.so 2> $name.log &
  nodes+=($!)
done
for name in b c d; do
  for _ in $(seq 100); do
    grep -q "is ready" $name.log && break
    sleep 0.1
  done
  grep "is ready" $name.log || { cat $name.log; exit 1; }
done

avp-run --plugin plugin/libcalculator.so chain.toml --set device.cpu.threads=1 --out chain
python3 "$here/hops.py" chain
avp-run fanout.toml --set device.cpu.threads=1 --out fanout
python3 "$here/hops.py" fanout

# SIGINT lets a node finish the hops under way.
kill -INT "${nodes[@]}"
for node in "${nodes[@]}"; do
  wait "$node"
done
echo "all nodes have left"
