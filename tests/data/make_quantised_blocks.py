"""Makes quantised_blocks.json: blocks of every weight type with the values that the Python package gguf reads from them.
usage: make_quantised_blocks.py > quantised_blocks.json      needs gguf"""
import json
import numpy
from gguf import GGMLQuantizationType, quants
from gguf.constants import GGML_QUANT_SIZES

# Where the float16 scales lie; random bytes there would give infinities.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
          "Q2_K": [80, 82], "Q3_K": [108], "Q8_K": [], "IQ4_NL": [0]}


def extreme_blocks(name, size):
    """All bits 0 and all bits 1, but for the float scales."""
    blocks = numpy.stack([numpy.full(size, byte, dtype=numpy.uint8) for byte in (0, 255)])
    for place in SCALES[name]:
        blocks[:, place:place + 2] = numpy.array([2.5], dtype=numpy.float16).view(numpy.uint8)
    if name == "Q8_K":
        blocks[:, :4] = numpy.array([2.5], dtype=numpy.float32).view(numpy.uint8)
    return blocks


def read_q8_k(blocks):
    """The package has no Q8_K: a float32 scale, 256 signed bytes, and sums that nobody needs to read them."""
    return blocks[:, :4].view(numpy.float32) * blocks[:, 4:260].view(numpy.int8).astype(numpy.float32)


random = numpy.random.default_rng(3)
cases = []
for name in ["F32", "F16", "BF16", *SCALES]:
    kind = GGMLQuantizationType[name]
    size = GGML_QUANT_SIZES[kind][1]
    if name in SCALES:
        blocks = random.integers(0, 256, size=(2, size), dtype=numpy.uint8)
        for place, scales in zip(SCALES[name], [[0.0371, -3e-6], [-0.25, 1.5]]):  # -3e-6 is a subnormal float16
            for block, scale in zip(blocks, scales):
                block[place:place + 2] = numpy.array([scale], dtype=numpy.float16).view(numpy.uint8)
        if name == "Q8_K":
            blocks[:, :4] = numpy.array([[0.0371], [-3e-42]], dtype=numpy.float32).view(numpy.uint8)  # a subnormal float32
        blocks = numpy.concatenate([blocks, extreme_blocks(name, size)])
    else:
        values = numpy.array([0.0, -0.0, 1.0, -1.5, 3e-6, 6e-8, 65504.0, -0.3333], dtype=numpy.float32)
        if name == "F32":
            blocks = values
        elif name == "F16":
            blocks = values.astype(numpy.float16)
        else:
            blocks = (values.view(numpy.uint32) >> 16).astype(numpy.uint16)
        blocks = blocks.view(numpy.uint8)
    read = read_q8_k(blocks) if name == "Q8_K" else quants.dequantize(blocks, kind)
    read = read.reshape(-1).astype(numpy.float32)
    cases.append({"type": name, "bytes": blocks.tobytes().hex(), "values": [float(value) for value in read]})
print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
