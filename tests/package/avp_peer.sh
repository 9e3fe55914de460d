#!/bin/sh
# Installs avp-transport alone, builds examples/avp_peer against it, and lets two peers talk.
# Usage: avp_peer.sh SOURCE BUILD FOLDER
set -e
source=$1 build=$2 folder=$3
rm -rf "$folder"
cmake --install "$build" --component transport --prefix "$folder/installed" > /dev/null
cmake -S "$source/examples/avp_peer" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$folder/installed" > /dev/null
cmake --build "$folder/build" > /dev/null
mkfifo "$folder/stdin"
"$folder/build/avp_peer" < "$folder/stdin" > "$folder/out" &
peer=$!
exec 3> "$folder/stdin"
for i in 1 2 3 4 5 6 7 8 9 10; do
  url=$(head -n 1 "$folder/out")
  [ -n "$url" ] && break
  sleep 0.2
done
answer=$("$folder/build/avp_peer" "$url" hello)
exec 3>&-
wait $peer
echo "$answer"
[ "$answer" = '{"seen":true,"success":true}' ]
grep -q "5 bytes from peer" "$folder/out"
# What is installed must not reach back into the source tree or name libraries of other rooms.
if grep -rE "$source|torch|caf|toml" "$folder/installed/lib" --include=*.cmake; then exit 1; fi
if grep -rlE '#include <(zmq|httplib|boost|google|nlohmann|torch|caf)' "$folder/installed/include"; then exit 1; fi
"$folder/installed/bin/avp-inspect" --help > /dev/null
"$folder/installed/bin/avp-key" --help > /dev/null
