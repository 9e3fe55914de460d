"""Writes a GGUF model of two layers that loads at once: byte vocabulary, ChatML, random weights."""
import math
import struct

LAYERS, HIDDEN, INNER, HEADS, KV_HEADS = 2, 32, 64, 4, 2
VOCABULARY = 258  # the bytes, <|im_start|> (256), <|im_end|> (257)
CONTEXT_LENGTH = 512

# The tables of a pipeline on this model, but for its agents; what stands behind them goes on in [defaults].
TABLES = """\
[model.main]
source = "tiny.gguf"
dtype = "float32"

[device.cpu]
threads = 1

[defaults]
steps = 2
max_new_tokens = 12
temperature = 1.0
"""

UINT32, INT32, FLOAT32, STRING, ARRAY = 4, 5, 6, 8, 9  # value types of GGUF
ALIGNMENT = 32


def _text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _value(kind, value):
    if kind == STRING:
        return _text(value)
    if kind == ARRAY:
        element, values = value
        return struct.pack("<IQ", element, len(values)) + b"".join(_value(element, one) for one in values)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f"}[kind], value)


def _byte_alphabet():
    """The character in which byte-level BPE writes each byte."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(0x100 + others.index(byte)) for byte in range(256)]


def byte_tokens():
    """The vocabulary of the model, by id."""
    return _byte_alphabet() + ["<|im_start|>", "<|im_end|>"]


def metadata(architecture, tokens):
    def key(name):
        return f"{architecture}.{name}"

    return {
        "general.architecture": (STRING, architecture),
        "general.name": (STRING, "tiny"),
        key("block_count"): (UINT32, LAYERS),
        key("context_length"): (UINT32, CONTEXT_LENGTH),
        key("embedding_length"): (UINT32, HIDDEN),
        key("feed_forward_length"): (UINT32, INNER),
        key("attention.head_count"): (UINT32, HEADS),
        key("attention.head_count_kv"): (UINT32, KV_HEADS),
        key("attention.layer_norm_rms_epsilon"): (FLOAT32, 1e-5),
        key("rope.freq_base"): (FLOAT32, 5000.0),
        "tokenizer.ggml.model": (STRING, "gpt2"),
        "tokenizer.ggml.pre": (STRING, "qwen2"),
        "tokenizer.ggml.tokens": (ARRAY, (STRING, tokens)),
        "tokenizer.ggml.token_type": (ARRAY, (INT32, [1] * 256 + [3, 3])),
        "tokenizer.ggml.merges": (ARRAY, (STRING, [])),
        "tokenizer.ggml.bos_token_id": (UINT32, 256),
        "tokenizer.ggml.eos_token_id": (UINT32, 257),
        "tokenizer.chat_template": (
            STRING,
            "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>' + '\\n' }}"
            "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
        ),
    }


def _shapes():
    kv = HIDDEN // HEADS * KV_HEADS
    shapes = {"token_embd.weight": [VOCABULARY, HIDDEN], "output_norm.weight": [HIDDEN]}
    for i in range(LAYERS):
        for name, shape in {
            "attn_norm.weight": [HIDDEN],
            "attn_q.weight": [HIDDEN, HIDDEN],
            "attn_k.weight": [kv, HIDDEN],
            "attn_v.weight": [kv, HIDDEN],
            "attn_output.weight": [HIDDEN, HIDDEN],
            "ffn_norm.weight": [HIDDEN],
            "ffn_gate.weight": [INNER, HIDDEN],
            "ffn_up.weight": [INNER, HIDDEN],
            "ffn_down.weight": [HIDDEN, INNER],
            "attn_q.bias": [HIDDEN],
            "attn_k.bias": [kv],
            "attn_v.bias": [kv],
        }.items():
            shapes[f"blk.{i}.{name}"] = shape
    return shapes


def _padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def write(path, architecture="qwen2", without=(), values=None, tokens=None, first_seed=1):
    """Writes the model to `path`; the metadata keys in `without` are left out, and `values` holds what is put into
    tensors: {name: {place: value}}. Another `first_seed` gives other weights."""
    keys = {name: value for name, value in metadata(architecture, tokens or byte_tokens()).items() if name not in without}
    shapes = _shapes()
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(keys))
    for name, (kind, value) in keys.items():
        head += _text(name) + struct.pack("<I", kind) + _value(kind, value)
    body = b""
    for seed, (name, shape) in enumerate(shapes.items()):
        count = math.prod(shape)
        numbers = [math.sin(1.7 * i + 13.1 * (seed + first_seed)) for i in range(count)]
        for place, value in (values or {}).get(name, {}).items():
            numbers[place] = value
        data = struct.pack(f"<{count}f", *numbers)
        head += _text(name) + struct.pack("<I", len(shape))
        head += b"".join(struct.pack("<Q", size) for size in reversed(shape)) + struct.pack("<IQ", 0, len(body))
        body += data.ljust(_padded(len(data)), b"\0")
    with open(path, "wb") as file:
        file.write(head.ljust(_padded(len(head)), b"\0") + body)
