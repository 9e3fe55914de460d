#!/usr/bin/env python3
"""Decode and prompt speed of one stream beside transformers, on the same weights, prompt and threads. transformers is called in its fastest plain
form: one forward() per token over a DynamicCache, argmax, no generate() around it.
usage: against_transformers.py --build build/release      needs the Python of setup_peers.sh"""
import argparse
import time

import side_by_side as bench
from hf_directory import hf_directory


class Transformers:
    """transformers with a model loaded."""

    def __init__(self, directory, dtype):
        import torch
        import transformers
        self.torch, self.cache = torch, transformers.DynamicCache
        self.model = transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=getattr(torch, dtype)).eval()

    def forward(self, ids, cache):
        return self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[:, -1]

    def decode(self, prompt, tokens):
        """Seconds for `tokens` forward passes after the prompt, and the ids."""
        with self.torch.inference_mode():
            cache = self.cache(config=self.model.config)
            token = self.forward(self.torch.tensor([prompt]), cache).argmax(-1, keepdim=True)
            start, ids = time.perf_counter(), [token.item()]
            for _ in range(tokens):
                token = self.forward(token, cache).argmax(-1, keepdim=True)
                ids.append(token.item())
            return time.perf_counter() - start, ids

    def prefill(self, prompt):
        with self.torch.inference_mode():
            start = time.perf_counter()
            self.forward(self.torch.tensor([prompt]), self.cache(config=self.model.config))
            return time.perf_counter() - start


def compare(args, model, dtype):
    print(f"{bench.source_of(model)}, {dtype}, 1 stream")
    theirs, ours = Transformers(hf_directory(args, model), dtype), bench.Engine(args, model, dtype)
    first = ours.decode(1, args.tokens, args.prompt)
    prompt, long_prompt = first["prompts"][0], ours.prefill(args.prefill)["prompts"][0]
    same = first["generated"][0] == theirs.decode(prompt, args.tokens)[1]
    print(f"  greedy tokens of both: {'the same' if same else 'not the same'}")
    bench.report("decode, 1 stream", "tokens/s", "transformers",
                 bench.alternate(args.rounds, lambda: ours.decode(1, args.tokens, args.prompt)["total"],
                                 lambda: args.tokens / theirs.decode(prompt, args.tokens)[0]))
    bench.report(f"prompt, {args.prefill} tokens", "tokens/s", "transformers",
                 bench.alternate(args.rounds, lambda: ours.prefill(args.prefill)["total"], lambda: args.prefill / theirs.prefill(long_prompt)))
    ours.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    bench.add_arguments(parser, models=["smollm2"], dtypes=["float32"])
    parser.add_argument("--tokens", type=int, default=64, help="tokens decoded in one round")
    parser.add_argument("--prompt", type=int, default=96, help="tokens of the prompt before decoding")
    parser.add_argument("--prefill", type=int, default=512, help="tokens of the prompt that is timed")
    args = parser.parse_args()
    bench.prepare(args)
    import torch
    import transformers
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, transformers {transformers.__version__}")
    for model in args.models:
        for dtype in args.dtypes:
            compare(args, model, dtype)


if __name__ == "__main__":
    main()
