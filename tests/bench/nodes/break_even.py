#!/usr/bin/env python3
"""At which link speed handing a context over costs as much as computing it again. This is a model, not a measurement of a link: time on the link is
bytes over speed, without latency and without what overlaps with computing. Measured is how fast this machine reads a prompt; the bytes are those of
the KV-cache, counted from the model's shape.
usage: break_even.py --build build/release      needs python3 only"""
import argparse
import json
import pathlib
import subprocess

MODELS = ["smollm2-135m-instruct", "qwen2.5-coder-0.5b-instruct", "qwen2.5-coder-1.5b-instruct"]
CACHE_BYTES = {"bfloat16": 2, "float32": 4}
GIGABIT = 125e6  # bytes a second


def bench(args, *command):
    """The last line that engine_bench prints as JSON."""
    done = subprocess.run([args.build / "bin" / "engine_bench", *command], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def median(values):
    return sorted(values)[len(values) // 2]


def row(args, model):
    shape = bench(args, "shape", "--model", model, "--dtype", "native")
    done = subprocess.run([args.build / "bin" / "engine_bench", "prefill", "--model", model, "--dtype", "native", "--json", "--rounds", str(args.rounds)],
                          stdout=subprocess.PIPE, text=True, check=True)
    tokens = median([json.loads(line)["total"] for line in done.stdout.splitlines()])
    position = shape["layers_count"] * 2 * shape["kv_heads"] * shape["head_dim"] * CACHE_BYTES[args.cache]
    even = position * tokens
    print(f"{model:30} {position / 1e3:8.1f} kB {tokens:10.0f} tokens/s {even * 8 / 1e6:10.0f} Mbit/s {GIGABIT / even:12.1f}x", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/engine_bench")
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--cache", choices=CACHE_BYTES, default="bfloat16", help="type of the KV-cache")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    print(f"{'':30} {'a position':>11} {'computing':>19} {'break-even':>17} {'over 1 Gbit/s':>13}")
    for model in args.models:
        row(args, model)
    print("\nabove the break-even speed handing over is faster; the last column says how much at 1 Gbit/s (model: bytes over speed)")


if __name__ == "__main__":
    main()
