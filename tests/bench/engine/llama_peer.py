"""llama.cpp through the C interface of llama-cpp-python: nothing of Python lies between two forward passes but filling a batch and an
argmax. usage as a module only."""
import ctypes
import os
import time

import llama_cpp
import numpy


@llama_cpp.llama_log_callback
def _silent(_level, _text, _data):
    pass


class Llama:
    """One model file, and contexts for what is measured."""

    def __init__(self, path, threads):
        llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(os.fsencode(path), params)
        if not self.model:
            raise SystemExit(f"llama.cpp cannot load {path}")
        self.vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocabulary)
        self.threads = threads

    def tokens(self, text):
        """Ids of plain text, no special tokens."""
        data = text.encode()
        out = (llama_cpp.llama_token * (len(data) + 8))()
        count = llama_cpp.llama_tokenize(self.vocabulary, data, len(data), out, len(out), False, False)
        return list(out[:count])

    def context(self, positions, sequences=1, unified=False):
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = positions * sequences
        params.n_batch = params.n_ubatch = max(512, sequences)
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = self.threads
        params.kv_unified = unified
        params.no_perf = True
        return Context(self, params)

    def decode(self, prompt, tokens):
        """Seconds for `tokens` forward passes of one row after the prompt, greedy, and the ids."""
        with self.context(len(prompt) + tokens + 1) as context:
            return context.decode([prompt], tokens)

    def decode_batch(self, prompts, tokens, unified):
        """The same for many sequences in one batch."""
        with self.context(max(map(len, prompts)) + tokens + 1, len(prompts), unified) as context:
            return context.decode(prompts, tokens)

    def prefill(self, prompt):
        """Seconds for reading one prompt; no scores are asked for."""
        with self.context(len(prompt) + 1) as context:
            start = time.perf_counter()
            context.read(prompt, 0, scores=False)
            llama_cpp.llama_synchronize(context.pointer)
            return time.perf_counter() - start

    def logits(self, ids, rows_at_once):
        """Scores after every token of `ids`: [tokens, vocabulary]."""
        with self.context(len(ids) + 1) as context:
            rows = []
            for begin in range(0, len(ids), rows_at_once):
                part = ids[begin:begin + rows_at_once]
                context.run([(token, begin + i, 0, True) for i, token in enumerate(part)])
                rows += [context.row(i).copy() for i in range(len(part))]
            return numpy.stack(rows)


class Context:
    def __init__(self, owner, params):
        self.owner = owner
        self.pointer = llama_cpp.llama_init_from_model(owner.model, params)
        if not self.pointer:
            raise SystemExit(f"llama.cpp cannot make a context of {params.n_ctx} positions")
        self.batch = llama_cpp.llama_batch_init(params.n_batch, 0, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        llama_cpp.llama_batch_free(self.batch)
        llama_cpp.llama_free(self.pointer)

    def run(self, rows):
        """One llama_decode of rows (token, position, sequence, whether its logits are wanted)."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i] = token
            batch.pos[i] = position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence
            batch.logits[i] = wanted
        status = llama_cpp.llama_decode(self.pointer, batch)
        if status != 0:
            raise SystemExit(f"llama_decode gave {status} for a batch of {len(rows)} rows")

    def row(self, index):
        """Logits of a row of the last batch, in place."""
        return numpy.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.pointer, index), shape=(self.owner.size,))

    def read(self, prompt, sequence, scores=True):
        """Runs a prompt; the scores of its last token are made unless they are not wanted."""
        for begin in range(0, len(prompt), 512):
            part = prompt[begin:begin + 512]
            last = scores and begin + len(part) == len(prompt)
            self.run([(token, begin + i, sequence, last and i == len(part) - 1) for i, token in enumerate(part)])

    def decode(self, prompts, tokens):
        current, count = [], len(prompts)
        for sequence, prompt in enumerate(prompts):
            self.read(prompt, sequence)
            current.append(int(self.row(-1).argmax()))
        made = [[token] for token in current]
        start = time.perf_counter()
        for step in range(tokens):
            self.run([(current[i], len(prompts[i]) + step, i, True) for i in range(count)])
            for i in range(count):
                current[i] = int(self.row(i).argmax())
                made[i].append(current[i])
        return time.perf_counter() - start, made
