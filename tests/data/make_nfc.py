"""Writes nfc.json: texts in form NFC, and texts with their tokens, by the Python package `tokenizers` (Apache-2.0).

usage: make_nfc.py > nfc.json
"""
import json
import random
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

MARKS = [0x300, 0x301, 0x302, 0x304, 0x307, 0x308, 0x323, 0x327, 0x328, 0x345, 0x591, 0x93C, 0x3099]


def byte_alphabet():
    """The character in which byte-level BPE writes each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(0x100 + others.index(byte)) for byte in range(256)]


def texts():
    yield from ["", "plain", "café", "cafe\u0301", "A\u030a", "\u212b", "\u2126", "\uac00\u11a8", "\u1100\u1161\u11a8",
                "a\u0323\u0307", "a\u0307\u0323", "\u0344", "\u0958", "\u2adc", "\ufb1d", "\u1e9b\u0323", "\u0301", "e\u0301\u0301",
                "\0e\u0301\0", "x" * 40 + "o\u0308" + "y" * 40, "\U000110a5\U000110ba", "\U0001d15e", "👩\u200d👩e\u0301"]
    random.seed(3)
    changing = [chr(code) for code in range(0xC0, 0x30000) if unicodedata.normalize("NFD", chr(code)) != chr(code)]
    for character in random.sample(changing, 600):
        yield character
        yield unicodedata.normalize("NFD", character)
    for _ in range(400):
        yield "".join(random.choice(["a", "E", "\u00e9", "\u0928", "\u304b", chr(random.choice(MARKS)), chr(random.choice(MARKS))])
                      for _ in range(8))


def tokenizer():
    vocabulary = {letter: code for code, letter in enumerate(byte_alphabet())}
    result = Tokenizer(models.BPE(vocabulary, []))
    result.normalizer = normalizers.NFC()
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    result.add_special_tokens([AddedToken("<|im_start|>", normalized=False)])
    return result


def main():
    nfc = normalizers.NFC()
    made = tokenizer()
    encoded = ["cafe\u0301 A\u030a", "e<|im_start|>\u0301", "e\u0301<|im_start|>e\u0301", "\u1100<|im_start|>\u1161"]
    print(json.dumps({"tokenizers": tokenizers.__version__,
                      "texts": [[text, nfc.normalize_str(text)] for text in texts()],
                      "tokens": [[text, made.encode(text).ids] for text in encoded]}, separators=(",", ":")))


main()
