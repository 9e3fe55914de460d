#!/usr/bin/env python3
"""The texts of all tasks are the same however they are batched. Runs the four-hop chain on GSM8K with one task at a time, then 7 and
64 at once, with its input shuffled, in a cache so small that contexts are evicted, and without prefix sharing, and compares every answer.
Ends with status 1 when one differs, or when a run did not do what it was to test (no batching, no eviction).
usage: exactness.py --build build/release      needs python3 only"""
import argparse
import pathlib
import sys

import side_by_side as bench
from pipeline_run import problems, run_chain

MANY = 64


def steps_per_pass(device):
    """Latent steps and tokens in a forward pass on average. Prompts are batched within themselves, so they prove nothing."""
    return (device["rows"]["latent"] + device["rows"]["decode"]) / device["steps"]


def variants(args):
    """Name, arguments of run_chain, and what must be seen in the device's counters."""
    batched = lambda device: steps_per_pass(device) > args.rows_per_step
    return [
        ("7 at once", dict(concurrency=7), None),
        (f"{MANY} at once", dict(concurrency=MANY), (f"more than {args.rows_per_step:g} latent and decode rows per step", batched)),
        (f"{MANY} at once, shuffled", dict(concurrency=MANY, shuffled=True), (f"more than {args.rows_per_step:g} latent and decode rows per step", batched)),
        (f"{MANY} at once, cache of {args.small_cache}", dict(concurrency=MANY, settings=[f"device.cpu.kv_memory={args.small_cache}"]),
         ("evicted contexts", lambda device: device["contexts_evicted"] > 0)),
        (f"{MANY} at once, no prefix sharing", dict(concurrency=MANY, settings=["device.cpu.prefix_sharing=false"]),
         ("no shared tokens", lambda device: device["shared_tokens"] == 0)),
    ]


def show(name, run, differing, missing):
    device = run.device
    verdict = "same texts" if not differing else f"{len(differing)} of {len(run.results)} texts DIFFER ({', '.join(differing[:3])} …)"
    print(f"  {name:38} {verdict}; {device['rows_per_step']:.1f} rows per step ({steps_per_pass(device):.1f} without prompts), {device['contexts_evicted']} contexts evicted, "
          f"{device['preemptions']} preemptions, {device['rows']['replayed']} rows run again, {device['shared_tokens']} tokens shared, "
          f"{run.seconds:.1f} s" + (f"; NOT a test: {missing} expected" if missing else ""), flush=True)


def compare(args, dtype):
    count = min(args.float32_tasks, args.tasks) if dtype == "float32" else args.tasks
    records = problems(count)
    print(f"{bench.source_of(args.model)}, {dtype}, {count} tasks", flush=True)
    settings = [f"defaults.max_new_tokens={args.max_new_tokens}"]
    alone = run_chain(args, records, model=args.model, dtype=dtype, concurrency=1, settings=settings)
    show("1 at a time", alone, [], None)
    good = True
    for name, choices, wanted in variants(args):
        choices = {**choices, "settings": settings + choices.get("settings", [])}
        run = run_chain(args, records, model=args.model, dtype=dtype, **choices)
        differing = [task for task, result in alone.results.items() if run.results[task]["text"] != result["text"]]
        missing = wanted[0] if wanted and not wanted[1](run.device) else None
        show(name, run, differing, missing)
        good = good and not differing and not missing
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/avp-run")
    parser.add_argument("--model", default="qwen0.5b", help=f"{', '.join(bench.MODELS)}, or a .gguf file")
    parser.add_argument("--dtypes", nargs="+", choices=bench.DTYPES, default=["float32", "bfloat16", "native", "int4"])
    parser.add_argument("--tasks", type=int, default=64)
    parser.add_argument("--float32-tasks", type=int, default=16, help="at most so many in float32, which is slow")
    parser.add_argument("--max-new-tokens", type=int, default=256)
    parser.add_argument("--small-cache", default="64MiB")
    parser.add_argument("--rows-per-step", type=float, default=8, help="mean rows per step, prompts not counted, that show batching")
    parser.add_argument("--threads", type=int, default=bench.cores())
    args = parser.parse_args()
    bench.prepare(args)
    results = {dtype: compare(args, dtype) for dtype in args.dtypes}
    for dtype, good in results.items():
        print(f"{dtype}: {'exact' if good else 'FAILED'}")
    sys.exit(not all(results.values()))


if __name__ == "__main__":
    main()
