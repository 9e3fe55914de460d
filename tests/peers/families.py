#!/usr/bin/env python3
"""Every family against transformers in float32: tiny random models (tiny_families.py) as Hugging Face directories and as GGUF files, logits
of a prompt longer than any window and of 16 greedy tokens, and latent steps. Then each flag of a family is switched off in the reference,
which must be far from ours; and the other weight formats must stay near it, with the bits of a row alone in any company.
usage: families.py FAMILY_PEER WORK_DIR [FAMILY…]      needs torch and tests/requirements.txt"""
import json
import pathlib
import shutil
import subprocess
import sys

import gguf
import numpy
import torch
from safetensors.torch import load_file, save_file

import tiny_families

TOLERANCE = 1e-4  # of logits scaled to a deviation of 1
FAR = 100 * TOLERANCE
PROMPT, ANSWER, STEPS = 48, 16, 4
NEAR = {"bfloat16": 0.03, "layercast": 0.03, "int8": 0.06, "int4": 0.6, "native": 0.06}  # root mean square of the difference


class Peer:
    """An engine_logits process."""

    def __init__(self, program, model, form="float32"):
        self.process = subprocess.Popen([program, str(model), form, "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def rows(self, command, count):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        width = tiny_families.VOCABULARY
        data = self.process.stdout.read(4 * count * width)
        if len(data) != 4 * count * width:
            raise Failed(f"engine_logits ended early (status {self.process.wait()}); its own message stands above")
        return torch.from_numpy(numpy.frombuffer(data, dtype=numpy.float32).reshape(count, width).copy())

    def prompt(self, ids):
        return self.rows("prompt " + " ".join(map(str, ids)), len(ids))

    def answer(self, ids):
        return self.rows("answer " + " ".join(map(str, ids)), len(ids))

    def think(self, ids, steps):
        return self.rows(f"think {steps} " + " ".join(map(str, ids)), steps + 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def make_model(case, seed):
    """Random weights with which attention and logits are far from flat. With larger ones latent steps are chaotic: transformers' float32
    is then as far from its own float64 as from us."""
    torch.manual_seed(seed)
    case.config._attn_implementation = "eager"
    model = case.model_class(case.config).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("norm.weight"):
            centre = 0.0 if case.config.model_type == "gemma3_text" else 1.0
            parameter.data = centre + 0.3 * torch.randn_like(parameter)
        elif name.endswith(".bias"):
            parameter.data = 0.5 * torch.randn_like(parameter)
        elif "embed_tokens" in name or "lm_head" in name:
            parameter.data = 0.4 * torch.randn_like(parameter)
        else:
            parameter.data = 0.8 * torch.randn_like(parameter) / parameter.shape[-1] ** 0.5
    return model


def byte_alphabet():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(0x100 + others.index(byte)) for byte in range(256)]


def hide_in_larger_model(folder, prefix):
    """Makes the directory that of a model whose text part this is."""
    tensors = load_file(folder / "model.safetensors")
    renamed = {prefix + name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    for name in ("vision_tower.vision_model.head.bias", "multi_modal_projector.mm_input_projection_weight"):
        renamed[name] = torch.randn(5)
    save_file(renamed, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({"model_type": "gemma3", "text_config": config, "vision_config": {"hidden_size": 5}}))


def write_directory(case, model, folder):
    model.save_pretrained(folder)
    if case.inside:
        hide_in_larger_model(folder, case.inside)
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    added = [{"id": 256 + i, "content": text, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
             for i, text in enumerate(["<|im_start|>", "<|im_end|>"])]
    tokenizer = {"version": "1.0", "added_tokens": added, "normalizer": None, "pre_tokenizer": byte_level, "decoder": byte_level,
                 "model": {"type": "BPE", "vocab": {**{text: i for i, text in enumerate(byte_alphabet())}, "ab": 258}, "merges": ["a b"]}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))


def in_pairs(weight, heads):
    """As llama.cpp's converter orders the rows of queries and keys of Llama."""
    return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def write_gguf(case, model, path, block_type=None):
    config, arch = model.config, case.gguf
    out = gguf.GGUFWriter(path, arch)
    out.add_name("tiny")
    out.add_block_count(config.num_hidden_layers)
    out.add_context_length(config.max_position_embeddings)
    out.add_embedding_length(config.hidden_size)
    out.add_feed_forward_length(config.intermediate_size)
    out.add_head_count(config.num_attention_heads)
    out.add_head_count_kv(config.num_key_value_heads)
    out.add_layer_norm_rms_eps(config.rms_norm_eps)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    out.add_key_length(head_dim)
    out.add_value_length(head_dim)
    for key, value in case.keys.items():
        {str: out.add_string, int: out.add_uint32, float: out.add_float32, list: out.add_array}[type(value)](f"{arch}.{key}", value)
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("qwen2")
    out.add_token_list(byte_alphabet() + ["<|im_start|>", "<|im_end|>", "ab"])
    out.add_token_types([1] * 256 + [3, 3, 1])
    out.add_token_merges(["a b"])
    out.add_eos_token_id(257)
    architecture = next(a for a, name in gguf.MODEL_ARCH_NAMES.items() if name == arch)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = tensor.numpy().astype(numpy.float32)
        for kind, heads in (("q_proj", config.num_attention_heads), ("k_proj", config.num_key_value_heads)):
            if case.paired and f".{kind}." in name:
                values = in_pairs(values, heads)
        if arch == "gemma3" and name.endswith("norm.weight"):
            values = values + 1
        new_name = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if block_type and values.ndim == 2 and values.shape[1] % 32 == 0:
            out.add_tensor(new_name, gguf.quantize(values, block_type), raw_dtype=block_type)
        else:
            out.add_tensor(new_name, numpy.ascontiguousarray(values))
    rope = config.rope_parameters
    if rope.get("rope_type") == "longrope":
        for kind in ("long", "short"):
            out.add_tensor(f"rope_factors_{kind}.weight", numpy.array(rope[f"{kind}_factor"], dtype=numpy.float32))
    if rope.get("rope_type") == "llama3":
        frequencies = model.model.rotary_emb.inv_freq.double()
        plain = rope["rope_theta"] ** (-torch.arange(0, head_dim, 2).double() / head_dim)
        out.add_tensor("rope_freqs.weight", (plain / frequencies).float().numpy())
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def input_scale(model):
    """By what the model multiplies embeddings inside its table, where inputs that are injected do not pass."""
    return getattr(model.model.embed_tokens, "scalar_embed_scale", 1.0)


def reference_thoughts(model, ids, steps):
    """think() of the AVP SDK, but that inputs are in the scale of the model's own and p is the model's own distribution."""
    table = model.model.embed_tokens.weight.detach()
    inputs = table[ids] * input_scale(model)
    rows = []
    for step in range(steps + 1):
        seen = model(inputs_embeds=inputs[None], output_hidden_states=True, use_cache=False)
        rows.append(seen.logits[0, -1])
        hidden = seen.hidden_states[-1][0, -1]
        if model.config.tie_word_embeddings:
            following = torch.softmax(seen.logits[0, -1], 0) @ table
        else:
            scores = model.lm_head.weight.detach().double()
            gram = scores.T @ scores + 1e-5 * torch.eye(scores.shape[1], dtype=torch.float64)
            turned = hidden.double() @ torch.linalg.solve(gram, scores.T @ table.double())
            following = (turned * (table.double().norm(dim=1).mean() / turned.norm().clamp_min(1e-6))).float()
        inputs = torch.cat([inputs, following[None] * input_scale(model)])
    return torch.stack(rows)


def greedy(model, ids, count):
    for _ in range(count):
        ids = ids + [int(model(torch.tensor([ids]), use_cache=False).logits[0, -1].argmax())]
    return ids


def logits_of(model, ids):
    return model(torch.tensor([ids]), use_cache=False).logits[0]


class Failed(Exception):
    pass


def compare(what, ours, expected):
    error = ((ours - expected).abs().max() / expected.std()).item()
    if not error < TOLERANCE:
        raise Failed(f"{what}: off by {error:.2e} of a deviation, more than {TOLERANCE:.0e}")
    return error


def check_model(program, path, model, ids, expected):
    with Peer(program, path) as peer:
        prompt, answer = peer.prompt(ids), peer.answer(ids)
        worst = compare(f"{path.name}: logits", prompt, expected)
        if not torch.equal(prompt, answer):
            raise Failed(f"{path.name}: a row has other bits alone than in a prompt")
        if not torch.equal(answer[PROMPT - 1:-1].argmax(1), torch.tensor(ids[PROMPT:])):
            raise Failed(f"{path.name}: other greedy tokens")
        thoughts = compare(f"{path.name}: latent steps", peer.think(ids[:PROMPT], STEPS), reference_thoughts(model, ids[:PROMPT], STEPS))
    return worst, thoughts


def check_flags(case, model, program, folder, ids):
    found = {}
    with Peer(program, folder) as peer:
        ours = peer.prompt(ids)
    for name, switched_off in case.flags.items():
        off = logits_of(switched_off(model), ids)
        found[name] = ((ours - off).abs().max() / off.std()).item()
        if not found[name] > FAR:
            raise Failed(f"without {name} the reference is as near as {found[name]:.2e} of a deviation, expected more than {FAR:.0e}")
    return found


def check_formats(case, model, program, folder, ids):
    found = {}
    for form, near in NEAR.items():
        source = folder
        if form == "native":
            if not case.gguf:
                continue
            source = folder.with_name(folder.name + ".q8_0.gguf")
            write_gguf(case, model, source, gguf.GGMLQuantizationType.Q8_0)
        expected = logits_of(model, ids)
        with Peer(program, source, form) as peer:
            prompt, answer = peer.prompt(ids), peer.answer(ids)
        if not torch.equal(prompt, answer):
            raise Failed(f"{form}: a row has other bits alone than in a prompt")
        found[form] = ((prompt - expected).square().mean().sqrt() / expected.std()).item()
        if not found[form] < near:
            raise Failed(f"{form}: a mean square error of {found[form]:.2f} of a deviation, expected less than {near}")
    return found


def check(case, seed, program, work):
    model = make_model(case, seed)
    ids = greedy(model, torch.randint(0, 256, (PROMPT,)).tolist(), ANSWER)
    expected = logits_of(model, ids)
    if not expected.std() > 1:
        raise Failed(f"the reference's logits are flat: a deviation of {expected.std():.2f}")
    folder = work / case.name.replace(" ", "-").replace(",", "")
    shutil.rmtree(folder, ignore_errors=True)
    write_directory(case, model, folder)
    shown = ["directory %.1e, latent %.1e" % check_model(program, folder, model, ids, expected)]
    if case.gguf:
        file = folder.with_name(folder.name + ".gguf")
        write_gguf(case, model, file)
        shown.append("GGUF %.1e, latent %.1e" % check_model(program, file, model, ids, expected))
    shown += [f"{form} {error:.3f}" for form, error in check_formats(case, model, program, folder, ids).items()]
    shown += [f"without {name} {error:.2f}" for name, error in check_flags(case, model, program, folder, ids).items()]
    return shown


def main(program, work, *names):
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    failed = 0
    for seed, case in enumerate(tiny_families.cases()):
        if names and not any(case.name.startswith(name) for name in names):
            continue
        try:
            with torch.no_grad():
                print(f"{case.name}: " + "; ".join(check(case, seed, program, work)), flush=True)
        except Failed as error:
            print(f"{case.name}: FAILED: {error}", flush=True)
            failed += 1
    return failed > 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
