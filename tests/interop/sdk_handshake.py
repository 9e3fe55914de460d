"""Hashes and resolution against the SDK, on fixtures and on random models."""

import json
import random

from avp.handshake import CompatibilityResolver, compute_model_hash, compute_tokenizer_hash
from avp.types import ModelIdentity

from sdk import check, fixtures, inspect, write


def resolve(local, remote):
    done = inspect("--resolve", write("local", json.dumps(local).encode()), write("remote", json.dumps(remote).encode()))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def hash_of(option, value):
    done = inspect(option, write("value", json.dumps(value, ensure_ascii=False).encode()))
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def random_value(rng, depth):
    kind = rng.randrange(8 if depth else 6)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.randrange(-(2**63), 2**64)
    if kind in (2, 3):
        return rng.uniform(-1, 1) * 10.0 ** rng.randrange(-30, 30)
    if kind in (4, 5):
        return "".join(chr(rng.choice([rng.randrange(128), rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)]))
                       for _ in range(rng.randrange(12)))
    if kind == 6:
        return [random_value(rng, depth - 1) for _ in range(rng.randrange(5))]
    return {str(random_value(rng, 0)): random_value(rng, depth - 1) for _ in range(rng.randrange(5))}


for case in fixtures("handshake.json")["resolve"]:
    found = resolve(case["local"], case["remote"])
    check("resolve", found, {key: case[key] for key in ("resolution_path", "mode", "avp_map_id")})

rng = random.Random(2)
for _ in range(60):
    local, remote = ({
        "model_family": rng.choice(["", "llama", "qwen2"]), "model_hash": rng.choice(["", "aa", "bb"]),
        "hidden_dim": rng.choice([0, 576]), "num_layers": rng.choice([0, 30]),
        "tokenizer_hash": rng.choice(["", "c" * 64, "d" * 64]),
    } for _ in range(2))
    theirs = CompatibilityResolver.resolve(ModelIdentity.from_dict(local), ModelIdentity.from_dict(remote))
    check("resolve", resolve(local, remote), {
        "resolution_path": theirs.resolution_path, "mode": theirs.mode.name, "avp_map_id": theirs.avp_map_id})

for _ in range(80):
    config = {f"k{i}": random_value(rng, 3) for i in range(8)}
    check("model hash", hash_of("--hash-config", config), compute_model_hash(config))
    vocabulary = {f"{chr(rng.randrange(0x20, 0xD800))}{i}": i for i in range(50)}
    check("tokenizer hash", hash_of("--hash-vocab", vocabulary), compute_tokenizer_hash(vocabulary))
