#!/usr/bin/env python3
"""Branches side by side against branches one after another, and what their joins are worth.
1. Speed: four specialists and a judge on GSM8K, one task at a time. merge = "concatenate" runs the specialists in one batch, "sequence"
   one after another on one cache. Rounds alternate; the ratio is of the medians of the seconds until the judge begins, and of whole tasks.
2. Scores of each merge on the same problems, with 95 % intervals (Wilson).
3. Recall: a fact in each of four branches, and a question for each: how many the joining agent can tell, by merge and by branch.
usage: run.py --build build/release [--problems N] [--speed-problems N]      needs python3 only"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MERGES = ["concatenate", "canonical", "sequence"]
BRANCHES = ["first", "second", "third", "fourth"]

# What a note says, what is asked, and the words that show that it is known.
SUBJECTS = [
    ("The train to {city} leaves from platform {number}.", "From which platform does the train to {city} leave?", "{number}"),
    ("The password of {name} is {word}.", "What is the password of {name}?", "{word}"),
    ("{name}'s dog is called {pet}.", "What is {name}'s dog called?", "{pet}"),
    ("The meeting in {city} is on {day}.", "On which day is the meeting in {city}?", "{day}"),
]
WORDS = {
    "city": ["Lisbon", "Oslo", "Vienna", "Dublin", "Prague", "Athens", "Madrid", "Helsinki"],
    "name": ["Maria", "Peter", "Anna", "Tom", "Julia", "David", "Laura", "Oscar"],
    "word": ["horse-battery", "green-lantern", "silver-spoon", "paper-tiger", "iron-gate", "blue-river"],
    "pet": ["Bruno", "Luna", "Rocky", "Bella", "Max", "Coco"],
    "day": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
}


def fact_records(count):
    """Sets of four notes, and a record for each note of a set."""
    draw = random.Random(1)
    records = []
    for number in range(count):
        kinds = draw.sample(SUBJECTS, len(SUBJECTS))
        filled = []
        for note, question, key in kinds:
            words = {**{name: draw.choice(values) for name, values in WORDS.items()}, "number": draw.randint(3, 29)}
            filled.append((note.format(**words), question.format(**words), key.format(**words)))
        notes = {f"{branch}_note": note for branch, (note, _, _) in zip(BRANCHES, filled)}
        for branch, (_, question, key) in zip(BRANCHES, filled):
            records.append({"id": f"{number}-{branch}", **notes, "question": question, "key": key})
    return records


def run(args, pipeline, merge, *, limit=None, concurrency=None, text=None, steps=None):
    """Results by task."""
    with tempfile.TemporaryDirectory(prefix="avp-bench-") as folder:
        out = pathlib.Path(folder) / "out"
        command = [args.build / "bin" / "avp-run", HERE / pipeline, "--mode", "latent", "--quiet", "--out", out,
                   "--set", f"defaults.merge={merge}", "--set", f"device.cpu.threads={args.threads}", "--set", f"model.main.source={args.model}"]
        command += ["--limit", str(limit)] if limit else []
        command += ["--set", f"defaults.steps={steps}"] if steps else []
        command += ["--concurrency", str(concurrency)] if concurrency else []
        done = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            sys.exit(f"avp-run ended with status {done.returncode}; its own message stands above\n{done.stdout}")
        return {line["task"]: line for line in map(json.loads, (out / "results.jsonl").read_text().splitlines())}


def wilson(right, count):
    z = 1.959963984540054
    share, square = right / count, z * z / count
    middle, half = share + square / 2, z * (share * (1 - share) / count + square / (4 * count)) ** 0.5
    return (middle - half) / (1 + square), (middle + half) / (1 + square)


def specialists_ms(result):
    """From the task's begin to the judge's."""
    judge = next(agent for agent in result["agents"] if agent["name"] == "judge")
    return result["ms"] - judge["ms"]


def speed(args):
    for steps in args.steps:
        print(f"speed: four specialists of {steps} latent steps, one task at a time, {args.speed_problems} problems, {args.rounds} rounds", flush=True)
        before, whole = {}, {}
        for number in range(args.rounds):
            for merge in ("concatenate", "sequence") if number % 2 == 0 else ("sequence", "concatenate"):
                results = run(args, "specialists.toml", merge, limit=args.speed_problems, concurrency=1, steps=steps).values()
                before.setdefault(merge, []).extend(specialists_ms(result) for result in results)
                whole.setdefault(merge, []).extend(result["ms"] for result in results)
        for what, times in (("until the judge begins", before), ("whole task", whole)):
            side, after = statistics.median(times["concatenate"]), statistics.median(times["sequence"])
            print(f"  {what:24} side by side {side / 1000:6.2f} s, one after another {after / 1000:6.2f} s: {after / side:.2f}x", flush=True)


def scores(args):
    print(f"scores: {args.problems} problems of GSM8K", flush=True)
    for merge in MERGES:
        results = run(args, "specialists.toml", merge, limit=args.problems).values()
        right = sum(result["score"] == 1 for result in results)
        low, high = wilson(right, len(results))
        print(f"  {merge:12} {right} of {len(results)} right, {100 * right / len(results):.1f} % [{100 * low:.1f}, {100 * high:.1f}]", flush=True)


def recall(args):
    records = fact_records(args.fact_sets)
    text = "".join(json.dumps(record) + "\n" for record in records)
    print(f"recall: {args.fact_sets} sets of four facts, a question for each fact", flush=True)
    for merge in MERGES:
        results = run(args, "facts.toml", merge, text=text)
        told = {branch: sum(results[f"{number}-{branch}"]["score"] == 1 for number in range(args.fact_sets)) for branch in BRANCHES}
        print(f"  {merge:12} {sum(told.values()) / args.fact_sets:.2f} of 4 facts told; by branch: "
              + ", ".join(f"{branch} {count}/{args.fact_sets}" for branch, count in told.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/avp-run")
    parser.add_argument("--model", default="qwen2.5-coder-0.5b-instruct")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--problems", type=int, default=100, help="for the scores; 0: leave them out")
    parser.add_argument("--speed-problems", type=int, default=8, help="0: leave speed out")
    parser.add_argument("--steps", type=int, nargs="+", default=[10, 40], help="latent steps of the specialists, where speed is measured")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--fact-sets", type=int, default=10, help="0: leave recall out")
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)
    load = os.getloadavg()[0]
    print(f"{args.threads} threads, load average before the run {load:.2f}" + ("   (busy: ratios of this run say little)" if load > 0.5 else ""), flush=True)
    if args.speed_problems:
        speed(args)
    if args.fact_sets:
        recall(args)
    if args.problems:
        scores(args)


if __name__ == "__main__":
    main()
