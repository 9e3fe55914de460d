"""Small tokenizers of every kind that open models have, trained by the library `tokenizers`, as the JSON that it saves."""

import json
import pathlib

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

SPECIAL = ["<unk>", "<s>", "</s>", "<|user|>"]
MARK = "\u2581"

GPT4O = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def regex(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def text(string, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"String": string}, "behavior": behavior, "invert": invert}


def byte_level(use_regex=True, prefix=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": use_regex}


def metaspace(scheme, split=True):
    return {"type": "Metaspace", "replacement": MARK, "prepend_scheme": scheme, "split": split}


def replace(what, by, is_regex=False):
    return {"type": "Replace", "pattern": {"Regex" if is_regex else "String": what}, "content": by}


def pre(*steps):
    return {"type": "Sequence", "pretokenizers": list(steps)}


def norm(*steps):
    return {"type": "Sequence", "normalizers": list(steps)}


def dec(*steps):
    return {"type": "Sequence", "decoders": list(steps)}


STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
BYTES = {"type": "ByteFallback"}
FUSE = {"type": "Fuse"}
DIGITS = {"type": "Digits", "individual_digits": True}
NFKC_BLANKS = norm({"type": "NFKC"}, replace(" {2,}", " ", True), {"type": "Strip", "strip_left": True, "strip_right": True})

BOS = {
    "type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}},
}
ROBERTA = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1], "trim_offsets": True, "add_prefix_space": True}

# Model, and what differs from a tokenizer without any step. "bytes": the model falls back to bytes.
KINDS = {
    "gpt2": ("byte_bpe", {"pre_tokenizer": byte_level(), "decoder": byte_level(), "post_processor": byte_level()}),
    "qwen2": ("byte_bpe", {
        "normalizer": {"type": "NFC"}, "decoder": byte_level(),
        "pre_tokenizer": pre(regex(
            r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"),
            byte_level(False))}),
    "roberta": ("byte_bpe", {"pre_tokenizer": byte_level(True, True), "decoder": byte_level(), "post_processor": ROBERTA}),
    "gpt4o": ("byte_bpe", {"pre_tokenizer": pre(regex(GPT4O), byte_level(False)), "decoder": byte_level(),
                           "post_processor": {"type": "Sequence", "processors": [byte_level(), BOS]},
                           "model": {"ignore_merges": True}}),
    "deepseek": ("byte_bpe", {"pre_tokenizer": pre(regex(r"\p{N}{1,3}"), regex("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"),
                                                   regex(DEEPSEEK), byte_level(False)), "decoder": byte_level()}),
    "falcon": ("byte_bpe", {"pre_tokenizer": pre({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(),
                                                 {"type": "Digits", "individual_digits": False}, regex("[0-9][0-9][0-9]")),
                            "decoder": byte_level()}),
    "llama2": ("bpe", {"normalizer": norm({"type": "Prepend", "prepend": MARK}, replace(" ", MARK)),
                       "decoder": dec(replace(MARK, " "), BYTES, FUSE, STRIP), "post_processor": BOS,
                       "model": {"fuse_unk": True, "byte_fallback": True}}),
    "mistral": ("bpe", {"pre_tokenizer": metaspace("first", False), "decoder": dec(replace(MARK, " "), BYTES, FUSE, STRIP),
                        "post_processor": BOS, "model": {"fuse_unk": True, "byte_fallback": True}}),
    "gemma": ("bpe", {"normalizer": replace(" ", MARK), "pre_tokenizer": text(" ", "MergedWithPrevious"),
                      "decoder": dec(replace(MARK, " "), BYTES, FUSE),
                      "model": {"fuse_unk": True, "byte_fallback": True, "ignore_merges": True}}),
    "unknown fused": ("bpe", {"normalizer": norm({"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}),
                              "pre_tokenizer": {"type": "Whitespace"}, "decoder": FUSE, "model": {"fuse_unk": True}}),
    "unknown apart": ("bpe", {"normalizer": norm({"type": "NFKD"}, {"type": "Strip", "strip_left": True, "strip_right": False}),
                              "pre_tokenizer": pre({"type": "WhitespaceSplit"},
                                                   {"type": "Punctuation", "behavior": "MergedWithPrevious"}, DIGITS),
                              "decoder": FUSE}),
    "splits": ("bpe", {"pre_tokenizer": pre(regex(r"[\w'-]+", "MergedWithNext"), regex(r"\d+", "Contiguous", True),
                                            text("e", "MergedWithNext"), regex("[aou]", "MergedWithPrevious"),
                                            {"type": "CharDelimiterSplit", "delimiter": "|"}, text("t", "Removed", False)),
                       "decoder": FUSE}),
    "t5": ("unigram", {"normalizer": NFKC_BLANKS, "pre_tokenizer": metaspace("always"), "decoder": metaspace("always"),
                       "post_processor": BOS}),
    "unigram bytes": ("unigram", {"pre_tokenizer": metaspace("never"), "decoder": dec(BYTES, metaspace("never")),
                                  "model": {"byte_fallback": True}}),
    "unigram first": ("unigram", {"normalizer": norm({"type": "NFC"}, {"type": "Strip", "strip_left": True, "strip_right": True}),
                                  "pre_tokenizer": pre({"type": "WhitespaceSplit"}, metaspace("first")),
                                  "decoder": metaspace("first")}),
}


def added(token, name, special=False, **flags):
    values = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": token, "content": name, **values, **flags, "special": special}


def added_tokens(vocabulary):
    """The special tokens of the vocabulary, and one more of each sort; one that the vocabulary has keeps its id."""
    ids = dict(vocabulary) if isinstance(vocabulary, dict) else {piece: i for i, (piece, _) in enumerate(vocabulary)}
    known = [added(i, name, True) for i, name in enumerate(SPECIAL)]
    more = [("<tool>", {}), ("<tool>s", {}), ("<mask>", {"lstrip": True, "special": True}), ("<end>", {"rstrip": True}),
            ("wordy", {"single_word": True}), ("Caf\u1ec5", {"normalized": True}), ("<Both>", {"lstrip": True, "rstrip": True}),
            ("\n\n", {}), ("<norm two>", {"normalized": True}), ("<\uff5cbar\u2581of\uff5c>", {"special": True})]
    return known + [added(ids.setdefault(name, len(ids)), name, **flags) for name, flags in more]


def texts_of(data: pathlib.Path):
    for path in sorted(data.glob("*.jsonl")):
        with open(path, encoding="utf-8") as file:
            for line in list(file)[:400]:
                yield from (value for value in json.loads(line).values() if isinstance(value, str))
    yield from ("na\u00efve caf\u00e9 \u65e5\u672c\u8a9e\u306e\u6587\u7ae0 \u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0442\u0435\u043a\u0441\u0442 \u03b1\u03b2\u03b3 \ud55c\uad6d\uc5b4 \U0001f600\u200d\U0001f680 e\u0301",) * 50


def trained(model, data):
    """The JSON of a model, without the steps around it."""
    if model == "unigram":
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=1500, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False)
    elif model == "bpe":
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
        tokenizer.normalizer = normalizers.Replace(" ", MARK)
        tokenizer.pre_tokenizer = pre_tokenizers.Split(MARK, "merged_with_next")
        trainer = trainers.BpeTrainer(vocab_size=1500, special_tokens=SPECIAL, show_progress=False)
    else:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(vocab_size=1500, special_tokens=SPECIAL, show_progress=False,
                                      initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.decoder = decoders.Fuse()
    tokenizer.train_from_iterator(list(texts_of(data)), trainer)
    return json.loads(tokenizer.to_str())


def build(name, cache, data):
    """The tokenizer.json of a kind, as an object."""
    model, steps = KINDS[name]
    if model not in cache:
        cache[model] = trained(model, data)
    root = json.loads(json.dumps(cache[model]))
    root.update({"normalizer": None, "pre_tokenizer": None, "post_processor": None, "decoder": None})
    root.update({key: value for key, value in steps.items() if key != "model"})
    root["model"].update(steps.get("model", {}))
    vocabulary = root["model"]["vocab"]
    if root["model"].get("byte_fallback"):
        for byte in range(256):
            if model == "unigram":
                vocabulary.append([f"<0x{byte:02X}>", -30.0])
            else:
                vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    root["added_tokens"] = added_tokens(vocabulary)
    return root
