#!/usr/bin/env python3
"""Compares our reading of tokenizer.model files with the library sentencepiece, kind by kind, on hard strings.

usage: compare_sentencepiece.py TOKENIZER_LINES DATA [KIND]...      needs tests/requirements.txt
"""

import io
import json
import pathlib
import sys
import tempfile

import sentencepiece

from compare_tokenizers import hard_strings, ours

KINDS = {
    "unigram": {"model_type": "unigram"},
    "unigram with bytes": {"model_type": "unigram", "byte_fallback": True, "vocab_size": 900},
    "bpe with bytes, as Llama 2": {"model_type": "bpe", "byte_fallback": True, "vocab_size": 900, "split_digits": True},
    "bpe": {"model_type": "bpe"},
    "bpe with bytes and no blank in front, as Gemma": {"model_type": "bpe", "byte_fallback": True, "vocab_size": 900,
                                                      "add_dummy_prefix": False, "allow_whitespace_only_pieces": True},
    "bpe with pieces of the user": {"model_type": "bpe", "add_dummy_prefix": False, "byte_fallback": True, "vocab_size": 900,
                                    "user_defined_symbols": ["\n\n", "<|user|>", "\u2581\u2581", "\u2581\u2581\u2581"]},
    "unigram with pieces of the user": {"model_type": "unigram", "add_dummy_prefix": False,
                                        "user_defined_symbols": ["<tool>", "wordy"]},
}
CONTROL = ["<unk>", "<s>", "</s>"]  # what an author writes is a token with us, and text with the library


def train(kind, data, path):
    texts = [json.loads(line)["question"] for line in (data / "gsm8k_test.jsonl").read_text(encoding="utf-8").splitlines()[:400]]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, minloglevel=2,
        **{"vocab_size": 600, "character_coverage": 0.999, "normalization_rule_name": "identity", "remove_extra_whitespaces": False,
           "num_threads": 1, **KINDS[kind]})
    path.write_bytes(model.getvalue())
    return sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())


def compare(kind, program, data, path):
    peer = train(kind, data, path)
    strings = [text for text in hard_strings() if "\0" not in text and not any(name in text for name in CONTROL)]
    different = 0
    for text, our in zip(strings, ours(program, str(path), strings), strict=True):
        ids = peer.encode(text)
        wrong = our["ids"] != ids
        if not wrong and peer.unk_id() not in ids:
            wrong = our["hidden"] != peer.decode(ids)
        if wrong:
            different += 1
            if different <= 5:
                print(f"{kind}: {text!r}\n   library {peer.encode(text, out_type=str)!r}\n   ours "
                      f"{[peer.id_to_piece(i) for i in our['ids']]!r} {our['hidden']!r}"[:900])
    print(f"{kind}: {different} of {len(strings)} differ")
    return different


def main():
    program, data = sys.argv[1], pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        return sum(compare(kind, program, data, pathlib.Path(folder, "tokenizer.model")) for kind in sys.argv[3:] or KINDS) > 0


if __name__ == "__main__":
    sys.exit(main())
