#!/usr/bin/env python3
"""Decoding of one stream, a prompt of 512 tokens, and decoding of 32 sequences at once, beside llama.cpp on the same GGUF
file, prompts, threads and processor cores. Both sides keep their model loaded and take turns, round by round.
usage: against_llama.py --build build/release [--level avx2]      needs the Python of setup_peers.sh"""
import argparse
import importlib.metadata
import os
import pathlib
import statistics
import subprocess
import sys

import side_by_side as bench

PARTS = ["decode", "prefill", "batch"]
LEVELS = ["avx2", "avx512", "amx"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    bench.add_arguments(parser, models=["smollm2", "qwen0.5b"], dtypes=["native"])
    parser.add_argument("--level", choices=LEVELS, help="both sides with the instructions of this level and no others; llama.cpp "
                        "is built for it where that was not done before (unless said: what each finds best)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--tokens", type=int, default=64, help="tokens decoded in one round")
    parser.add_argument("--prompt", type=int, default=96, help="tokens of the prompts before decoding")
    parser.add_argument("--prefill", type=int, default=512, help="tokens of the prompt that is timed")
    parser.add_argument("--sequences", type=int, default=32)
    return parser.parse_args()


def agreement(ours, theirs):
    """How many tokens both gave from the start on, the median over the sequences: different arithmetic parts ways at some point."""
    same = [next((i for i, (a, b) in enumerate(zip(x, y)) if a != b), min(len(x), len(y))) for x, y in zip(ours, theirs)]
    return f"the same for {statistics.median(same):.0f} of {min(map(len, theirs))} tokens (median)"


def one_stream(args, ours, theirs):
    first = ours.decode(1, args.tokens, args.prompt)
    prompt = first["prompts"][0]
    print(f"  greedy tokens {agreement(first['generated'], theirs.decode(prompt, args.tokens)[1])}")
    pairs = bench.alternate(args.rounds, lambda: ours.decode(1, args.tokens, args.prompt)["total"],
                            lambda: args.tokens / theirs.decode(prompt, args.tokens)[0])
    bench.report("decode, 1 stream", "tokens/s", "llama.cpp", pairs, 1.2)


def prompt(args, ours, theirs):
    ids = ours.prefill(args.prefill)["prompts"][0]
    pairs = bench.alternate(args.rounds, lambda: ours.prefill(args.prefill)["total"], lambda: len(ids) / theirs.prefill(ids))
    bench.report(f"prompt, {args.prefill} tokens", "tokens/s", "llama.cpp", pairs, 2.5)


def many(args, ours, theirs):
    first = ours.decode(args.sequences, args.tokens, args.prompt)
    prompts = first["prompts"]
    # llama.cpp can keep the sequences in one cache or in one each; it gets what is faster here.
    seconds = {unified: theirs.decode_batch(prompts, max(4, args.tokens // 4), unified)[0] for unified in (True, False)}
    unified = min(seconds, key=seconds.get)
    print(f"  llama.cpp keeps the sequences in {'one cache' if unified else 'a cache each'}, which is faster; "
          f"greedy tokens {agreement(first['generated'], theirs.decode_batch(prompts, args.tokens, unified)[1])}")
    pairs = bench.alternate(args.rounds, lambda: ours.decode(args.sequences, args.tokens, args.prompt)["total"],
                            lambda: args.sequences * args.tokens / theirs.decode_batch(prompts, args.tokens, unified)[0])
    bench.report(f"decode, {args.sequences} sequences", "tokens/s", "llama.cpp", pairs, 1.3)


def take_level(level):
    """Before either side is loaded: ours goes by AVP_CPU, llama-cpp-python by the folder of its library."""
    folder = pathlib.Path(sys.prefix) / f"llama.cpp-{importlib.metadata.version('llama-cpp-python')}" / level
    if not (folder / "libllama.so").exists():
        print(f"building llama.cpp for {level}: some minutes", flush=True)
        subprocess.run([bench.HERE / "build_llama.sh", folder, level], check=True)
    os.environ.update(AVP_CPU=level, LLAMA_CPP_LIB_PATH=str(folder))


def main():
    args = arguments()
    bench.prepare(args)
    if args.level:
        take_level(args.level)
    import llama_cpp
    from llama_peer import Llama
    print(f"llama-cpp-python {llama_cpp.__version__}: {llama_cpp.llama_print_system_info().decode().strip()}")
    for model in args.models:
        theirs = Llama(bench.shape_of(args, model)["path"], args.threads)
        for dtype in args.dtypes:
            print(f"{bench.source_of(model)}, ours in {dtype}, llama.cpp on the file's own blocks")
            ours = bench.Engine(args, model, dtype)
            for part, measure in zip(PARTS, (one_stream, prompt, many)):
                if part in args.only:
                    measure(args, ours, theirs)
            ours.close()


if __name__ == "__main__":
    main()
