#!/usr/bin/env python3
"""The four-hop GSM8K chain against the AVP SDK, in problems per minute. Ours runs all problems at once through avp-run; the SDK one
after another, which is all it can do, in the three ways that it has on a CPU: transformers in float32 (its default there) and
bfloat16, and its llama.cpp connector on the GGUF. Prompts are the same, and so is the number of tokens out: each answer of
the SDK is made as long as ours to the same problem, and in text mode its later agents read our earlier agents' texts. Loading is in
neither time. The SDK's speed is measured in two halves, before and after ours.
usage: against_sdk.py --build build/release      needs the Python of setup_peers.sh"""
import argparse
import pathlib
import re
import statistics
import sys
import time
import tomllib

import side_by_side as bench
from hf_directory import hf_directory
from pipeline_run import CHAIN, problems, run_chain

WAYS = ["float32", "bfloat16", "llama.cpp"]


class Chain:
    """The agents of the pipeline file in order, and their prompts."""

    def __init__(self):
        pipeline = tomllib.loads(CHAIN.read_text())
        names = [name.strip() for name in pipeline["flow"][0].split("->")]
        self.agents = [{"name": name, **pipeline["defaults"], **pipeline["agent"][name]} for name in names]

    @staticmethod
    def messages(agent, template, values):
        text = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)
        return [{"role": "system", "content": agent["system"]}, {"role": "user", "content": text}]

    def hops(self, record, ours, mode):
        """(agent, messages, tokens to decode; 0 for one that only thinks) for one problem, as ours went."""
        made = ours.agents(record["id"])
        values = {"question": record["question"], **{name: agent["text"] for name, agent in made.items()}}
        for agent in self.agents:
            template = agent.get("text_prompt", agent["prompt"]) if mode == "text" else agent["prompt"]
            yield agent, self.messages(agent, template, values), made[agent["name"]]["output_tokens"]


class Transformers:
    """The SDK's HuggingFaceConnector."""

    def __init__(self, directory, dtype):
        import torch
        from avp.connectors.huggingface import HuggingFaceConnector
        self.connector = HuggingFaceConnector.from_pretrained(str(directory), device="cpu", dtype=getattr(torch, dtype))

    def solve(self, hops):
        context = None
        for agent, messages, tokens in hops:
            if tokens == 0:
                context = self.connector.think(messages, steps=agent["steps"], context=context)
            else: # the default generation settings of a model may hold sampling values, which greedy decoding only warns of
                self.connector.generate(messages, context=context, do_sample=False, min_new_tokens=tokens, max_new_tokens=tokens)
                context = None


class LlamaCpp:
    """The SDK's LlamaCppConnector. Its generate() adds an empty system message of its own, so the prompt is read by think() with no
    steps, which renders what it is given; and its own contexts would take four threads, whatever the machine has."""

    def __init__(self, path, threads):
        from llama_cpp import llama_cpp as library
        from avp.connectors.llamacpp import LlamaCppConnector
        defaults = library.llama_context_default_params

        def with_threads():
            params = defaults()
            params.n_threads = params.n_threads_batch = threads
            return params

        library.llama_context_default_params = with_threads
        self.connector = LlamaCppConnector.from_pretrained(str(path), n_gpu_layers=0, n_threads=threads, n_threads_batch=threads)
        # No early end: as many tokens as ours made.
        self.connector._cached_stop_tokens, self.connector._cached_stop_strings = set(), []

    def solve(self, hops):
        context = None
        for agent, messages, tokens in hops:
            context = self.connector.think(messages, steps=agent["steps"] if tokens == 0 else 0, context=context)
            if tokens > 0:
                made = self.connector.generate_on_context(context._llamacpp_ctx, context._llamacpp_n_past, max_tokens=tokens, temperature=0.0)
                if len(made[2]) != tokens:
                    sys.exit(f"the SDK's llama.cpp connector made {len(made[2])} tokens, expected {tokens}")
                context = None


def load(args, way):
    if way == "llama.cpp":
        return LlamaCpp(bench.shape_of(args, args.model)["path"], args.threads)
    return Transformers(hf_directory(args, args.model), way)


def timed(peer, chain, records, ours, mode):
    """Seconds of each problem."""
    seconds = []
    for record in records:
        hops = list(chain.hops(record, ours, mode))
        start = time.perf_counter()
        peer.solve(hops)
        seconds.append(time.perf_counter() - start)
    return seconds


def our_runs(args, records, mode):
    """Name and run of each way of ours; each is measured `rounds` times."""
    sharings = [True, False] if mode == "text" else [True]
    for dtype in args.dtypes:
        for sharing in sharings:
            settings = [f"defaults.max_new_tokens={args.max_new_tokens}", f"device.cpu.prefix_sharing={str(sharing).lower()}"]
            yield (f"ours {dtype}" + ("" if sharing else ", no sharing"),
                   [run_chain(args, records, model=args.model, dtype=dtype, mode=mode, settings=settings) for _ in range(args.rounds)])


def per_minute(count, seconds):
    return 60 * count / seconds


def compare(args, mode):
    chain, records = Chain(), problems(args.problems)
    sampled = records[:args.sdk_problems]
    print(f"{mode} mode, {bench.source_of(args.model)}, {len(records)} problems; the SDK is timed on {len(sampled)} of them", flush=True)
    reference = run_chain(args, records, model=args.model, dtype=args.dtypes[0], mode=mode,
                          settings=[f"defaults.max_new_tokens={args.max_new_tokens}"]) # its tokens are those that the SDK makes
    out = {record["id"]: reference.results[record["id"]]["output_tokens"] for record in records}
    half = (len(sampled) + 1) // 2
    theirs = {way: [] for way in args.ways}
    for way in args.ways:
        theirs[way] += timed(load(args, way), chain, sampled[:half], reference, mode)
    ours = dict(our_runs(args, records, mode))
    for way in args.ways:
        theirs[way] += timed(load(args, way), chain, sampled[half:], reference, mode)
    show(args, mode, records, sampled, out, ours, theirs)


def show(args, mode, records, sampled, out, ours, theirs):
    tokens = sum(out[record["id"]] for record in sampled)
    speeds = {}
    for way, seconds in theirs.items():
        speeds[way] = per_minute(len(seconds), sum(seconds))
        print(f"  SDK {way:24} {speeds[way]:7.2f} problems/min, {tokens} tokens out, {sum(seconds) / len(seconds):.1f} s a problem "
              f"({min(seconds):.1f}–{max(seconds):.1f})")
    fastest = max(speeds, key=speeds.get)
    mean_out = sum(out.values()) / len(out)
    for name, runs in ours.items():
        rates = [per_minute(len(records), run.seconds) for run in runs]
        own_out = runs[0].summary["output_tokens"]
        # A way of ours that says more or less than the reference is put on the same number of tokens out; the factor is printed.
        factor = own_out / len(records) / mean_out
        speed = statistics.median(rates) * factor
        print(f"  {name:28} {statistics.median(rates):7.2f} problems/min, {own_out} tokens out (×{factor:.3f} for equal tokens: "
              f"{speed:.2f}), {runs[0].device['rows_per_step']:.1f} rows per step, rounds " + " ".join(f"{rate:.2f}" for rate in rates))
        for way, goal in (("float32", 15), (fastest, 5)):
            if way in speeds:
                label = "SDK float32" if way == "float32" else f"fastest SDK ({way})"
                print(f"  {'':28} {speed / speeds[way]:7.2f} × {label}   goal ≥ {goal}: {'met' if speed >= goal * speeds[way] else 'NOT met'}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True, help="build folder that has bin/avp-run")
    parser.add_argument("--model", default="qwen0.5b", choices=bench.MODELS)
    parser.add_argument("--modes", nargs="+", choices=["latent", "text"], default=["latent", "text"])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="of the SDK")
    parser.add_argument("--dtypes", nargs="+", choices=bench.DTYPES, default=["bfloat16", "native"], help="of ours; the first one's answers set the tokens out")
    parser.add_argument("--problems", type=int, default=32)
    parser.add_argument("--sdk-problems", type=int, default=32, help="on how many of them the SDK is timed (50 s each in float32)")
    parser.add_argument("--rounds", type=int, default=2, help="runs of ours")
    parser.add_argument("--max-new-tokens", type=int, default=256)
    parser.add_argument("--threads", type=int, default=bench.cores())
    args = parser.parse_args()
    bench.prepare(args)
    import torch
    import transformers
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(args.threads)
    for mode in args.modes:
        compare(args, mode)


if __name__ == "__main__":
    main()
