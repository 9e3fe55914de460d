#!/bin/sh
# The programs avp-inspect and avp-key, as a shell user meets them. Usage: tools.sh BIN FOLDER
set -e
bin=$1 folder=$2
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"

fail() {
  echo "$1" >&2
  exit 1
}

# expect STATUS NAME COMMAND...: the exit status, and how standard error begins.
expect() {
  wanted=$1 name=$2
  shift 2
  status=0
  "$@" > out 2> err || status=$?
  [ "$status" = "$wanted" ] || fail "$*: exit status $status, not $wanted: $(cat err)"
  [ -z "$name" ] || grep -q "^$name" err || fail "$*: standard error does not begin with $name: $(cat err)"
}

# The protocol's second published vector: hidden_dim 2, float32 [2], values 1 and 2, no checksum.
printf 'AV\001\000\015\000\000\000\005\000\000\000\050\002\112\001\002\000\000\200\077\000\000\000\100' > vector
expect 0 "" "$bin/avp-inspect" vector --json
for line in '"checksum": "missing"' '"hidden_dim": 2' '"payload_bytes": 8' '"kv": null' '1.0,' '2.0'; do
  grep -q -- "$line" out || fail "no $line in $(cat out)"
done
"$bin/avp-inspect" < vector | grep -q "^first_values: \[1.0,2.0\]" || fail "no first values in the text"
expect 0 "" "$bin/avp-inspect" vector --reencode again --level 3
expect 0 "" "$bin/avp-inspect" again --json
grep -q '"checksum": "ok"' out && grep -q '"compression": "zstd"' out || fail "not as it was encoded: $(cat out)"

head -c 24 vector > cut
expect 2 "avp-inspect: truncated" "$bin/avp-inspect" cut
head -c 5 vector > cut
expect 2 "avp-inspect: too_short" "$bin/avp-inspect" cut
expect 2 "avp-inspect: io_failed" "$bin/avp-inspect" missing
expect 2 "avp-inspect: io_failed" "$bin/avp-inspect" vector --reencode missing/again
expect 2 "" "$bin/avp-inspect" vector --no-such-option
expect 2 "" "$bin/avp-inspect" vector --reencode again --level 23
head -c 30 again > cut
expect 2 "avp-inspect: truncated" "$bin/avp-inspect" cut

echo '{"model_hash": "aa", "hidden_dim": 1}' > a.json
expect 0 "" "$bin/avp-inspect" --resolve a.json a.json
[ "$(cat out)" = '{"resolution_path":"hash_match","mode":"LATENT","avp_map_id":""}' ] || fail "resolve: $(cat out)"
echo '{"model_hash": 1}' > b.json
expect 2 "avp-inspect: bad_json" "$bin/avp-inspect" --resolve a.json b.json
echo '{"b": 1, "a": 0}' > vocab
expect 0 "" "$bin/avp-inspect" --hash-vocab vocab
[ "$(cat out)" = d961c692d55a5398569b91f00bbd703f26629ff3e0fa4f491a3d675559f931f0 ] || fail "hash: $(cat out)"
expect 2 "avp-inspect: bad_json" "$bin/avp-inspect" --hash-config vector

expect 0 "" "$bin/avp-key" new node
[ "$(cat out)" = "$(cat node.pub)" ] && [ "$(stat -c %a node.key)" = 600 ] || fail "keys are not as they should be"
expect 2 "avp-key: io_failed" "$bin/avp-key" new node
expect 2 "" "$bin/avp-key"

expect 0 "" "$bin/avp-key" --version
expect 0 "" "$bin/avp-inspect" --version
expect 2 "avp-inspect: there is no option --jsn; did you mean --json?" "$bin/avp-inspect" vector --jsn
expect 2 "avp-key: there is no command clustr; did you mean cluster?" "$bin/avp-key" clustr
expect 2 "avp-key: there is no option --nodse; did you mean --nodes?" "$bin/avp-key" cluster --nodse a,b
