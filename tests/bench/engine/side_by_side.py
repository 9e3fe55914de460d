"""What the scripts of this folder share: engine_bench as a process that takes turns with a peer, and the table of a comparison."""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

# A side that waits must take no processor time: OpenMP threads stop spinning milliseconds after their last work.
SETTLE_SECONDS = 0.1
MODELS = {"smollm2": "smollm2-135m-instruct", "qwen0.5b": "qwen2.5-coder-0.5b-instruct", "qwen1.5b": "qwen2.5-coder-1.5b-instruct"}
DTYPES = ["float32", "bfloat16", "native", "int8", "int4"]
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]


def cores():
    return len(os.sched_getaffinity(0))


def source_of(model):
    """A short name of this module, or whatever engine_bench takes for a model."""
    return MODELS.get(model, model)


def add_arguments(parser, models=("smollm2",), dtypes=("native",)):
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/engine_bench and bin/avp-run")
    parser.add_argument("--models", nargs="+", default=list(models), help=f"{', '.join(MODELS)}, or a .gguf file")
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(dtypes), help="of ours")
    parser.add_argument("--threads", type=int, default=cores(), help="arithmetic threads of each side")
    parser.add_argument("--rounds", type=int, default=5, help="rounds counted, after one that is not")


def prepare(args):
    """Before the peer's libraries are loaded: both sides get the same threads, and nobody asks a hub."""
    os.environ.update(OMP_NUM_THREADS=str(args.threads), HF_HUB_OFFLINE="1", HF_HUB_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")
    load = os.getloadavg()[0]
    print(f"{args.threads} threads on {cores()} cores, load average before the run {load:.2f}"
          + ("   (busy: ratios of this run say little)" if load > 0.5 else ""), flush=True)


def shape_of(args, model):
    """Shape and size of a model, its file's path among it."""
    done = subprocess.run([args.build / "bin" / "engine_bench", "shape", "--model", source_of(model)], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"cannot read the model '{model}'; the message of engine_bench stands above")
    return json.loads(done.stdout)


class Engine:
    """engine_bench with one model loaded; obeys one order after another."""

    def __init__(self, args, model, dtype):
        self.process = subprocess.Popen(
            [args.build / "bin" / "engine_bench", "serve", "--model", source_of(model), "--dtype", dtype, "--threads", str(args.threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("engine_bench ended; its own message stands above")
        answer = json.loads(line)
        if "error" in answer:
            sys.exit(f"engine_bench, asked for {order}: {answer['error']}")
        return answer

    def decode(self, streams, tokens, prompt):
        return self.ask(do="decode", streams=streams, tokens=tokens, prompt=prompt)

    def latent(self, streams, steps, prompt):
        return self.ask(do="latent", streams=streams, tokens=steps, prompt=prompt)

    def prefill(self, tokens):
        return self.ask(do="prefill", tokens=tokens)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def alternate(rounds, first, second):
    """What both gave, [(first, second)] per round. The round before them warms both up; who begins changes every round."""
    pairs = []
    for number in range(rounds + 1):
        pair = {}
        for side in (first, second) if number % 2 == 0 else (second, first):
            time.sleep(SETTLE_SECONDS)
            pair[side] = side()
        if number > 0:
            pairs.append((pair[first], pair[second]))
    return pairs


def report(what, unit, peer, pairs, goal=None):
    """Prints speeds of both sides (more is better) and the median and spread of their ratios; returns the median ratio."""
    ratios = [ours / theirs for ours, theirs in pairs]
    for name, speeds in (("ours", [pair[0] for pair in pairs]), (peer, [pair[1] for pair in pairs])):
        print(f"  {what:22} {name:22} {statistics.median(speeds):9.2f} {unit}   rounds: " + " ".join(f"{speed:.2f}" for speed in speeds))
    middle = statistics.median(ratios)
    verdict = "" if goal is None else f"   goal ≥ {goal}: {'met' if middle >= goal else 'NOT met'}"
    print(f"  {what:22} {'ratio ours/' + peer:22} {middle:9.2f} ×   spread {min(ratios):.2f}–{max(ratios):.2f}{verdict}", flush=True)
    return middle
