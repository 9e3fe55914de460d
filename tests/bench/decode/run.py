#!/usr/bin/env python3
"""Decode and prefill speed beside transformers, on the same weights, machine, prompt and threads: one table.

Both sides take turns, round by round, so that what else the machine does falls on both. The side that waits keeps its model in memory
but takes no processor time: its OpenMP threads stop spinning milliseconds after their last work, and run.py waits longer than that.
transformers is called in its fastest plain form (one forward() per token over a DynamicCache, argmax, no generate() around it).

usage: run.py --build build/release      needs torch and tests/requirements.txt"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

SETTLE_SECONDS = 0.1
MODELS = {"smollm2": "smollm2-135m-instruct", "qwen0.5b": "qwen2.5-coder-0.5b-instruct"}
TESTS = pathlib.Path(__file__).resolve().parents[2]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/avp-bench-decode")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=["smollm2"])
    parser.add_argument("--dtypes", nargs="+", choices=["float32", "bfloat16"], default=["float32"])
    parser.add_argument("--tokens", type=int, default=64, help="tokens decoded in one round")
    parser.add_argument("--prompt", type=int, default=512, help="tokens of the prompt that is prefilled")
    parser.add_argument("--rounds", type=int, default=5, help="rounds counted, after one that is not")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    return parser.parse_args()


class Ours:
    """avp-bench-decode with one model loaded."""

    def __init__(self, args, source, dtype):
        self.process = subprocess.Popen([args.build / "bin" / "avp-bench-decode", source, dtype, str(args.threads)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            sys.exit(f"avp-bench-decode gave no answer to '{line}'; its own message stands above")
        return answer

    def prompt(self, tokens=0):
        return [int(word) for word in self.ask(f"prompt {tokens}")]

    def decode(self, tokens):
        seconds, *ids = self.ask(f"decode {tokens}")
        return float(seconds), [int(word) for word in ids]

    def prefill(self, tokens):
        return float(self.ask(f"prefill {tokens}")[0])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Theirs:
    """transformers with the same model loaded."""

    def __init__(self, directory, dtype):
        import torch
        import transformers
        self.torch, self.cache = torch, transformers.DynamicCache
        self.model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=getattr(torch, dtype)).eval()

    def forward(self, ids, cache):
        return self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]

    def decode(self, prompt, tokens):
        with self.torch.inference_mode():
            cache = self.cache(config=self.model.config)
            logits = self.forward(self.torch.tensor([prompt]), cache)
            start, ids = time.perf_counter(), []
            for _ in range(tokens):
                token = logits.argmax(-1, keepdim=True)
                ids.append(token.item())
                logits = self.forward(token, cache)
            return time.perf_counter() - start, ids

    def prefill(self, prompt):
        with self.torch.inference_mode():
            start = time.perf_counter()
            self.forward(self.torch.tensor([prompt]), self.cache(config=self.model.config))
            return time.perf_counter() - start


def alternate(rounds, first, second):
    """Seconds of both, [(first, second)] per round. The round before them warms both up; who begins changes every round."""
    pairs = []
    for number in range(rounds + 1):
        pair = {}
        for side in (first, second) if number % 2 == 0 else (second, first):
            time.sleep(SETTLE_SECONDS)
            pair[side] = side()
        if number > 0:
            pairs.append((pair[first], pair[second]))
    return pairs


def report(what, tokens, pairs):
    ours, theirs = ([tokens / pair[side] for pair in pairs] for side in (0, 1))
    ratios = [their_speed / our_speed for our_speed, their_speed in zip(ours, theirs)]
    for name, speeds in (("ours", ours), ("transformers", theirs)):
        print(f"  {what:8} {name:13} {statistics.median(speeds):8.1f} tokens/s   rounds: " + " ".join(f"{s:.1f}" for s in speeds))
    print(f"  {what:8} {'time ratio':13} {statistics.median(ratios):8.2f} ours/transformers, "
          f"{min(ratios):.2f}–{max(ratios):.2f}   (below 1: ours is faster)", flush=True)


def hf_directory(args, model):
    out = args.build / "hf" / {"smollm2-135m-instruct": "smollm2"}.get(model, model)
    subprocess.run([sys.executable, TESTS / "peers" / "make_hf_directory.py", model, out], check=True)
    return out


def compare(args, name, dtype):
    print(f"{MODELS[name]}, {dtype}, batch 1, {args.threads} threads")
    theirs = Theirs(hf_directory(args, MODELS[name]), dtype)
    ours = Ours(args, MODELS[name], dtype)
    prompt, long_prompt = ours.prompt(), ours.prompt(args.prompt)
    same = ours.decode(args.tokens)[1] == theirs.decode(prompt, args.tokens)[1]
    print(f"  greedy tokens of both: {'the same' if same else 'not the same'}")
    report("decode", args.tokens,
           alternate(args.rounds, lambda: ours.decode(args.tokens)[0], lambda: theirs.decode(prompt, args.tokens)[0]))
    report("prefill", args.prompt, alternate(args.rounds, lambda: ours.prefill(args.prompt), lambda: theirs.prefill(long_prompt)))
    ours.close()


def main():
    args = arguments()
    os.environ.update(OMP_NUM_THREADS=str(args.threads), HF_HUB_OFFLINE="1", HF_HUB_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")
    import torch
    import transformers
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, load average {os.getloadavg()[0]:.2f}")
    for name in args.models:
        for dtype in args.dtypes:
            compare(args, name, dtype)


if __name__ == "__main__":
    main()
