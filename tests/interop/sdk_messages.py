"""Messages and KV payloads both ways between our codec and the SDK's."""

import json
import random
import struct
import zlib

from avp import codec, kv_cache
from avp.types import AVPMetadata, CommunicationMode, CompressionLevel, DataType, PayloadType

from sdk import check, fixtures, inspect, path, peer, read, write

FIELDS = ["session_id", "source_agent_id", "target_agent_id", "model_id", "hidden_dim", "num_layers", "payload_type",
          "dtype", "tensor_shape", "mode", "avp_map_id", "extra"]
SIZES = {"float32": 4, "float16": 2, "bfloat16": 2}


def as_dict(meta):
    values = {name: getattr(meta, name) for name in FIELDS}
    return {**values, "tensor_shape": list(values["tensor_shape"])}


def reencode(data, level):
    """What the SDK reads of a message that our codec decoded and encoded anew."""
    out = path("reencoded")
    done = inspect(write("message", data), "--reencode", out, "--level", str(level))
    assert done.returncode == 0, done.stderr
    return codec.decode(read("reencoded"))


def both_ways(name, data):
    theirs = codec.decode(data)
    done = inspect("--json", data=data)
    assert done.returncode == 0, (name, done.stderr)
    ours = json.loads(done.stdout)
    check(name, {key: ours["metadata"][key] for key in FIELDS}, as_dict(theirs.metadata))
    check(name, ours["payload_bytes"], len(theirs.payload))
    for level in (0, 1, 3, 19):
        again = reencode(data, level)
        check(f"{name} level {level}", as_dict(again.metadata), as_dict(theirs.metadata))
        check(f"{name} level {level}", again.payload, theirs.payload)
        check(f"{name} level {level}", again.metadata.compression, "zstd" if level else None)


def fixture_cases():
    cases = fixtures("avp_messages.json")
    for case in cases["cases"]:
        both_ways(case["name"], bytes.fromhex(case["message_hex"]))
    for case in cases["bad"]:
        refused = inspect(data=bytes.fromhex(case["message_hex"])).returncode == 2
        check(case["name"], refused, case["sdk"] != "ok")


def random_messages():
    rng = random.Random(1)
    for i in range(40):
        meta = AVPMetadata(
            session_id="s" * rng.randrange(40), source_agent_id="ä漢😀"[: rng.randrange(4)], model_id=f"m{i}",
            hidden_dim=rng.randrange(2**32), num_layers=rng.randrange(200), payload_type=PayloadType.HIDDEN_STATE,
            dtype=rng.choice(list(DataType)), tensor_shape=tuple(rng.randrange(2**32) for _ in range(rng.randrange(5))),
            mode=rng.choice(list(CommunicationMode)), avp_map_id=rng.choice(["", "vocab:0123"]),
            extra={f"k{k}": "v" * rng.randrange(300) for k in range(rng.randrange(6))})
        body = rng.randbytes(rng.choice([0, 1, 1000, 300_000]))
        for level in CompressionLevel:
            both_ways(f"random {i}", codec.encode(body, meta, level))


def kv_ours_to_sdk(dtype, tokens):
    crc = peer("kv", path("kv"), str(list(SIZES).index(dtype)), "3", "2", "4", str(tokens))
    message = codec.decode(read("kv"))
    check("kv checksum", crc, zlib.crc32(message.payload))
    header = kv_cache.KVCacheHeader.from_bytes(message.payload)
    check("kv header", (3, 2, 4, tokens, dtype),
          (header.num_layers, header.num_kv_heads, header.head_dim, header.seq_len, header.dtype))
    check("kv bytes", len(message.payload), 17 + 3 * 2 * 2 * 4 * tokens * SIZES[dtype])
    both_ways("kv", read("kv"))
    return message.payload


def kv_sdk_to_ours(dtype, tokens, body):
    header = kv_cache.KVCacheHeader(num_layers=3, num_kv_heads=2, head_dim=4, seq_len=tokens, dtype=dtype)
    data = header.to_bytes() + body[17:]
    meta = AVPMetadata(num_layers=3, dtype=DataType(list(SIZES).index(dtype)), extra={"num_steps": "3"})
    message = codec.encode_kv_cache(data, meta)
    shown = json.loads(inspect("--json", data=message).stdout)
    check("kv header", shown["kv"], {"num_layers": 3, "num_kv_heads": 2, "head_dim": 4, "seq_len": tokens, "dtype": dtype})
    if dtype == "float32" and tokens:
        check("kv values", shown["first_values"], list(struct.unpack("<8f", data[17 : 17 + 32])))
    both_ways("kv", message)


def kv_with_tensors(dtype, tokens, body):
    """The SDK's own tensor code, where torch is there."""
    try:
        import torch
    except ImportError:
        return
    layers, header = kv_cache.deserialize_kv_cache(body)
    check("kv shape", tuple(layers[0][0].shape), (1, 2, tokens, 4))
    again, _ = kv_cache.serialize_kv_cache(layers)
    check("kv tensors", again, body)
    assert layers[0][0].dtype == getattr(torch, dtype)


fixture_cases()
random_messages()
for dtype in SIZES:
    for tokens in (0, 1, 7):
        body = kv_ours_to_sdk(dtype, tokens)
        kv_sdk_to_ours(dtype, tokens, body)
        kv_with_tensors(dtype, tokens, body)
