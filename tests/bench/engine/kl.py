#!/usr/bin/env python3
"""What a weight format costs in quality: mean KL divergence of next-token distributions to those in float32, in nats, over real text
(problems of GSM8K with their worked solutions). The reference is ours in float32, whose tokens the tests compare with transformers; beside our
formats stands llama.cpp on the same GGUF.
usage: kl.py --build build/release      needs the Python of setup_peers.sh"""
import argparse
import subprocess
import sys

import side_by_side as bench
from pipeline_run import problems


class Logits:
    """engine_logits with one model loaded: scores after every token of a text."""

    def __init__(self, args, model, dtype, vocabulary):
        self.vocabulary = vocabulary
        self.process = subprocess.Popen(
            [args.build / "bin" / "engine_logits", bench.source_of(model), dtype, str(args.threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, ids, kind):
        import numpy
        self.process.stdin.write((kind + " " + " ".join(map(str, ids)) + "\n").encode())
        self.process.stdin.flush()
        wanted = 4 * len(ids) * self.vocabulary
        data = self.process.stdout.read(wanted)
        if len(data) != wanted:
            sys.exit("engine_logits ended; its own message stands above")
        return numpy.frombuffer(data, dtype=numpy.float32).reshape(len(ids), self.vocabulary)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def log_softmax(scores):
    import numpy
    scores = scores.astype(numpy.float64)
    scores -= scores.max(axis=-1, keepdims=True)
    return scores - numpy.log(numpy.exp(scores).sum(axis=-1, keepdims=True))


class Divergence:
    """KL(float32 ‖ other) of every token, and how often both put the same token first."""

    def __init__(self):
        self.values, self.same = [], 0

    def add(self, reference, scores):
        import numpy
        log_p, log_q = log_softmax(reference), log_softmax(scores[:, :reference.shape[1]])
        self.values += list((numpy.exp(log_p) * (log_p - log_q)).sum(axis=-1))
        self.same += int((log_p.argmax(axis=-1) == log_q.argmax(axis=-1)).sum())

    @property
    def mean(self):
        return sum(self.values) / len(self.values)

    def __str__(self):
        ordered = sorted(self.values)
        return (f"mean {self.mean:.5f}, median {ordered[len(ordered) // 2]:.5f}, 99 % below {ordered[int(0.99 * len(ordered))]:.4f} nats; "
                f"same first token {100 * self.same / len(ordered):.1f} %")


def texts(llama, tokens):
    """Ids of whole problems until there are enough tokens."""
    count = 0
    for record in problems(1000):
        ids = llama.tokens(record["question"] + "\n" + record["answer"])[:tokens - count]
        count += len(ids)
        yield ids
        if count >= tokens:
            return


def measure(args, model, kind):
    """Divergence of every source by its name."""
    from llama_peer import Llama
    shape = bench.shape_of(args, model)
    llama = Llama(shape["path"], args.threads)
    float32 = Logits(args, model, "float32", shape["vocabulary"])
    sources = {f"ours {dtype}": Logits(args, model, dtype, shape["vocabulary"]) for dtype in args.dtypes}
    found = {name: Divergence() for name in ["llama.cpp", *sources]}
    for ids in texts(llama, args.tokens):
        reference = float32(ids, kind)
        found["llama.cpp"].add(reference, llama.logits(ids, 1 if kind == "answer" else 512))
        for name, logits in sources.items():
            found[name].add(reference, logits(ids, kind))
    for process in [float32, *sources.values()]:
        process.close()
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    bench.add_arguments(parser, models=["smollm2", "qwen0.5b"], dtypes=["bfloat16", "native", "int8", "int4"])
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--rows", nargs="+", choices=["answer", "prompt"], default=["answer", "prompt"],
                        help="how the text is run, on both sides: token by token as an answer is, or in batches as a prompt is")
    args = parser.parse_args()
    bench.prepare(args)
    for model in args.models:
        for kind in args.rows:
            found = measure(args, model, kind)
            theirs = found["llama.cpp"]
            print(f"{bench.source_of(model)}, {len(theirs.values)} tokens run as {kind}, KL to float32")
            for name, divergence in found.items():
                ratio = "" if divergence is theirs else f"; {divergence.mean / theirs.mean:.2f}× of llama.cpp's mean (goal: ≤ 2)"
                print(f"  {name:16} {divergence}{ratio}", flush=True)


if __name__ == "__main__":
    main()
