#!/usr/bin/env python3
"""Every phase against the machine. Measures how fast the machine reads memory and how fast ATen multiplies matrices of the model's
shapes, then the engine's prefill, decode and latent passes, and says which of the two bounds each pass is nearer to and how far from it.
Bytes of a pass: the weights it reads, in the format they are kept in, once whatever the number of rows, and the keys and values of its
contexts. FLOP of a pass: two for every weight and row, four for every cached position, head and component.
usage: roofline.py --build build/release      needs a Python with torch"""
import argparse
import json
import subprocess
import time

import side_by_side as bench

# Bytes per weight where they do not follow from the file: one bfloat16 scale per row is too little to count, int4 has a scale and a
# zero for every 32.
WEIGHT_BYTES = {"float32": 4, "bfloat16": 2, "int8": 1, "int4": 0.5 + 4 / 32}


def read_bandwidth(args):
    command = [args.build / "bin" / "engine_bench", "bandwidth", "--json", "--threads", str(args.threads)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)["bytes_per_second"]


def gemm_rate(shape, dtype, rows, passes=4):
    """FLOP per second of at::linear over the matrices of some layers, each of its own memory, as a forward pass meets them."""
    import torch
    heads = (shape["heads"] + 2 * shape["kv_heads"]) * shape["head_dim"]
    sizes = [(heads, shape["hidden"]), (shape["hidden"], shape["heads"] * shape["head_dim"]),
             (2 * shape["intermediate"], shape["hidden"]), (shape["hidden"], shape["intermediate"])]
    weights = [torch.randn(size, dtype=dtype) for _ in range(6) for size in sizes]
    inputs = {size[1]: torch.randn(rows, size[1], dtype=dtype) for size in sizes}
    with torch.inference_mode():
        best = float("inf")
        for _ in range(passes):
            start = time.perf_counter()
            for weight in weights:
                torch.nn.functional.linear(inputs[weight.shape[1]], weight)
            best = min(best, time.perf_counter() - start)
    return 2 * rows * sum(weight.numel() for weight in weights) / best


class Phase:
    """What one forward pass of `rows` rows on contexts of `context` positions moves and computes."""

    def __init__(self, shape, dtype, kind, rows, context):
        # A prompt that is only read has no scores; a latent step mixes the input table by the scores that the same table gives.
        tables = {"prefill": [], "decode": ["output"], "latent": ["embedding", "embedding"]}[kind]
        table_dtype = "bfloat16" if kind == "latent" and dtype in ("int8", "int4") else dtype # which keep their input table as it is
        size = lambda part, as_dtype: shape[part]["file_bytes"] if dtype == "native" else shape[part]["values"] * WEIGHT_BYTES[as_dtype]
        values = lambda part: shape[part]["values"]
        sequences = 1 if kind == "prefill" else rows
        width = shape["layers_count"] * shape["head_dim"]
        cache = sequences * context * 2 * shape["kv_heads"] * width * (4 if dtype == "float32" else 2)
        self.bytes = size("layers", dtype) + sum(size(table, table_dtype) for table in tables) + cache
        mean_context = context / 2 if kind == "prefill" else context
        self.flop = (2 * rows * values("layers") + 2 * rows * sum(values(table) for table in tables)
                     + 4 * rows * mean_context * shape["heads"] * width)

    def report(self, name, seconds, bandwidth, rate):
        memory, arithmetic = self.bytes / bandwidth, self.flop / rate
        bound, least = ("memory", memory) if memory > arithmetic else ("arithmetic", arithmetic)
        print(f"  {name:20} {1000 * seconds:8.2f} ms a pass: {self.bytes / 1e6:8.1f} MB = {self.bytes / seconds / 1e9:5.1f} GB/s, "
              f"{self.flop / 1e9:7.2f} GFLOP = {self.flop / seconds / 1e9:6.1f} GFLOP/s; bound by {bound} ({1000 * least:.2f} ms), "
              f"{seconds / least:.2f}× of it", flush=True)


def measure(args, ours, shape, dtype, bandwidth, rate):
    median = lambda values: sorted(values)[len(values) // 2]
    seconds = median([ours.prefill(args.prefill)["seconds"] for _ in range(args.rounds)])
    Phase(shape, dtype, "prefill", args.prefill, args.prefill).report(f"prompt, {args.prefill} rows", seconds, bandwidth, rate)
    for kind, ask, passes in (("decode", ours.decode, args.tokens), ("latent", ours.latent, args.steps)):
        for streams in args.streams:
            measured = [ask(streams, passes, args.prompt) for _ in range(args.rounds)]
            seconds = median([one["seconds"] / one["passes"] for one in measured])
            phase = Phase(shape, dtype, kind, streams, args.prompt + passes / 2)
            phase.report(f"{kind}, {streams} row{'s' * (streams > 1)}", seconds, bandwidth, rate)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    bench.add_arguments(parser, models=["qwen0.5b"], dtypes=["float32", "bfloat16", "native", "int4"])
    parser.add_argument("--prefill", type=int, default=512, help="tokens of the prompt that is timed")
    parser.add_argument("--prompt", type=int, default=128, help="tokens of the prompts before decoding and thinking")
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 32])
    args = parser.parse_args()
    bench.prepare(args)
    import torch
    torch.set_num_threads(args.threads)
    for model in args.models:
        shape = bench.shape_of(args, model)
        shape.setdefault("output", shape["embedding"]) # one matrix for both
        for dtype in args.dtypes:
            # In the same minutes as the engine: other tenants of a machine come and go.
            bandwidth = read_bandwidth(args)
            arithmetic = torch.float32 if dtype == "float32" else torch.bfloat16
            rate = gemm_rate(shape, arithmetic, args.prefill)
            print(f"{bench.source_of(model)}, {dtype}: memory {bandwidth / 1e9:.1f} GB/s, ATen {str(arithmetic)[6:]} GEMM of {args.prefill} rows {rate / 1e9:.0f} GFLOP/s")
            ours = bench.Engine(args, model, dtype)
            measure(args, ours, shape, dtype, bandwidth, rate)
            ours.close()


if __name__ == "__main__":
    main()
