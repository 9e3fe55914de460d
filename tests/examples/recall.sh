#!/usr/bin/env bash
# The shipped recall pipeline: with the context the second agent knows the note, without it (direct mode) it can't.
# usage: recall.sh AVP_RUN SOURCE_FOLDER
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "$2/pipelines/recall.toml" --mode all --out "$work/run"
python3 - "$work/run/results.jsonl" <<'PY'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
score = {mode: [r["score"] for r in rows if r["mode"] == mode] for mode in ("latent", "direct")}
assert len(score["latent"]) >= 4 and all(s == 1 for s in score["latent"]), score
assert all(s == 0 for s in score["direct"]), score
PY
