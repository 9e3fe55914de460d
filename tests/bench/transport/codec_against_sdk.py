"""Our codec and the SDK's on KV payloads of the same size, in one run. Usage: codec_against_sdk.py BENCH_CODEC"""

import json
import statistics
import subprocess
import sys
import time

import numpy
from avp import codec
from avp.types import AVPMetadata, CompressionLevel, DataType, PayloadType


def median(work, rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def sdk(size):
    normal = numpy.random.default_rng(1).standard_normal(size // 2, dtype=numpy.float32)
    body = (normal.view(numpy.uint32) >> 16).astype(numpy.uint16).tobytes()
    meta = AVPMetadata(payload_type=PayloadType.KV_CACHE, dtype=DataType.BFLOAT16, num_layers=24)
    rounds = 15 if size > 5_000_000 else 51
    plain, packed = codec.encode(body, meta), codec.encode(body, meta, CompressionLevel.FAST)
    return {
        "encode_s": median(lambda: codec.encode(body, meta), rounds),
        "decode_s": median(lambda: codec.decode(plain), rounds),
        "encode_zstd_s": median(lambda: codec.encode(body, meta, CompressionLevel.FAST), rounds),
        "decode_zstd_s": median(lambda: codec.decode(packed), rounds),
    }


for line in subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True).stdout.splitlines():
    ours = json.loads(line)
    theirs = sdk(ours["bytes"])
    print(f"{ours['tokens']} tokens, {ours['bytes'] / 1e6:.2f} MB")
    for name in ("encode_s", "decode_s", "encode_zstd_s", "decode_zstd_s"):
        print(f"  {name[:-2]:12} ours {ours[name] * 1e3:8.3f} ms   SDK {theirs[name] * 1e3:8.3f} ms   "
              f"SDK/ours {theirs[name] / ours[name]:.2f}")
    for name in ("encode_into_per_memcpy", "encode_per_fresh_memcpy", "decode_per_memcpy"):
        print(f"  {name} {ours[name]}")
