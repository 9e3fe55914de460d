#!/usr/bin/env python3
"""Compares our tokens and decoded texts with those of the library tokenizers, kind by kind, on hard strings.

usage: compare_tokenizers.py TOKENIZER_LINES DATA [KIND | TOKENIZER_JSON]...      needs tests/requirements.txt
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

from tokenizers import Tokenizer

from tokenizer_kinds import KINDS, build

WORDS = ["the", "Hello", "it's", "WORLD", "caf\u00e9", "Cafe\u0301", "na\u00efve", "12345", "3.14", "don't", "\u65e5\u672c\u8a9e", "\ud55c\uad6d\uc5b4",
         "\u1112\u1161\u11ab", "\u0440\u0443\u0441\u0441\u043a\u0438\u0439", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "e\u0301\u0323", "\u0e19\u0e49\u0e33", "\u0915\u094d\u0937\u093f", "\ufb01", "\u2460",
         "x^2", "a_b", "\\frac{1}{2}", "...", "\u2581", "\u2581\u2581x", "<0x0A>", "\u0130stanbul", "\u1e9e", "\u01c5", "\u212b", "\uff21", "\uff76\uff9e"]
BLANKS = [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\u00a0", "\u3000", "\u200b", "\u2028", "\x1c", "\x85", " \n ", "\u1680", "\u180e", ""]
WHOLE = ["<unk>", "<s>", "</s>", "<|user|>", "<tool>", "<tool>s", "<mask>", "<end>", "wordy", "Caf\u1ec5", "Cafe\u0302\u0303", "<Both>", "\n\n", "<norm two>",
         "<\uff5cbar\u2581of\uff5c>", "<tool", "mask>", "<", ">"]


def hard_strings():
    every = [chr(c) for c in range(0x3000)]
    above = [chr(c) for c in range(0x3000, 0x110000, 331) if not 0xD800 <= c < 0xE000]
    yield from ("a" + c + "b " + c + c + " 1" + c for c in every + above)
    draw = random.Random(7)
    for _ in range(4000):
        yield "".join(draw.choice(draw.choice((WORDS, BLANKS, WHOLE, WORDS, BLANKS, every))) for _ in range(draw.randint(1, 12)))
    for _ in range(1000):
        yield "".join(chr(draw.choice((draw.randrange(0x80), draw.randrange(0x3000), draw.randrange(0xE000, 0x20000)))) for _ in range(8))
    yield from ("", " ", "   ", "a" * 3000, " " * 3000, "\n" * 500, "ab " * 1000, "\u0301" * 300, "e" + "\u0301" * 200, "\U0001f600" * 300)


def ours(program, path, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    out = subprocess.run([program, path], input=text, capture_output=True, text=True, check=False)
    if out.returncode:
        sys.exit(f"{path}: {out.stderr}")
    return [json.loads(line) for line in out.stdout.split("\n")[:-1]]


def is_new(text):
    """Whether it has a character that Unicode 14, Python 3.11's, does not know."""
    return any(unicodedata.category(c) == "Cn" for c in text)


def id_lists(size):
    draw = random.Random(11)
    for _ in range(2000):
        yield [draw.randrange(size) for _ in range(draw.randint(1, 12))]


def compare(program, path, name):
    peer = Tokenizer.from_file(path)
    # Words of characters that are younger than PCRE2's tables end elsewhere with the library; no LLM splits in this way.
    strings = [line for line in hard_strings() if name != "unknown fused" or not is_new(line)]
    lines = strings + list(id_lists(peer.get_vocab_size()))
    # Special tokens that the library looks for in another form, and then does not hide. We do.
    shown = {i for i, token in peer.get_added_tokens_decoder().items() if token.special and peer.id_to_token(i) != token.content}
    different = 0
    for line, our in zip(lines, ours(program, path, lines), strict=True):
        wanted = {}
        if isinstance(line, str):
            wanted["ids"] = peer.encode(line, add_special_tokens=False).ids
            wanted["whole"] = whole = peer.encode(line).ids
            extra = len(whole) - len(wanted["ids"])
            # What the text says itself does not come twice with us.
            if extra and (wanted["ids"][:1] == whole[:1] or extra > 1 and wanted["ids"][-1:] == whole[-1:]):
                wanted.pop("whole")
            if our["ids"] != wanted["ids"]:
                wanted["pieces"] = [peer.id_to_token(i) for i in wanted["ids"]]
                our["pieces"] = [peer.id_to_token(i) for i in our["ids"]]
        given = wanted.get("ids", line)
        if our["ids"] == given:
            if not shown.intersection(given):
                wanted["hidden"] = peer.decode(given)
            wanted["shown"] = peer.decode(given, skip_special_tokens=False)
        wrong = {key: (value, our[key]) for key, value in wanted.items() if our[key] != value}
        if "streamed" in our:
            wrong["streamed"] = our["streamed"]
        if wrong:
            different += 1
            if different <= 5:
                print(f"{name}: {line!r}\n   library, ours: {wrong!r}"[:900])
    print(f"{name}: {different} of {len(lines)} differ")
    return different


def main():
    program, data = sys.argv[1], pathlib.Path(sys.argv[2])
    cache = {}
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[3:] or KINDS:
            path = name
            if name in KINDS:
                path = str(pathlib.Path(folder) / "tokenizer.json")
                pathlib.Path(path).write_text(json.dumps(build(name, cache, data)), encoding="utf-8")
            different += compare(program, path, name)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
