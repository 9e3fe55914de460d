#!/usr/bin/env bash
# Builds examples/embed against an installed package and compares its answers with avp-run's.
# usage: embed.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" > /dev/null
cmake -S "$source/examples/embed" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" > /dev/null
cmake --build "$work/build"

pipeline=$source/examples/embed/ask.toml
questions=("What is the capital of France?" "What is 12 * 7?")
printf '%s\n' "${questions[@]}" | "$work/build/ask" "$pipeline" > "$work/own"
for question in "${questions[@]}"; do
  "$work/prefix/bin/avp-run" "$pipeline" --ask "$question" --quiet
done > "$work/avp-run"
[ -n "$(tr -d '[:space:]' < "$work/own")" ] || { echo "no answer"; exit 1; }
diff "$work/own" "$work/avp-run"

sed 's/{{question}}/{{qestion}}/' "$pipeline" > "$work/lacking.toml"
status=0
echo "Who?" | "$work/build/ask" "$work/lacking.toml" > /dev/null 2> "$work/errors" || status=$?
[ $status = 1 ] && grep -q "no answer: .*{{qestion}}" "$work/errors" || { echo "status $status"; cat "$work/errors"; exit 1; }

sed 's/thinker -> answerer/thinker -> answer/' "$pipeline" > "$work/mistaken.toml"
status=0
"$work/build/ask" "$work/mistaken.toml" < /dev/null 2> "$work/errors" || status=$?
[ $status = 2 ] && grep -q "mistaken.toml:" "$work/errors" || { echo "status $status"; cat "$work/errors"; exit 1; }
echo "embed: answers as avp-run does"
