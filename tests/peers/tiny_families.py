"""A tiny random model of each family: its transformers configuration, what its flags would be if they were off, and what a GGUF of it says.
Heads have odd sizes, windows are shorter than the prompts, and every flag of the family is on."""
import copy

import torch
from torch import nn
from transformers import (Exaone4Config, Exaone4ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, GraniteConfig, GraniteForCausalLM, LlamaConfig, LlamaForCausalLM,
                          MistralConfig, MistralForCausalLM, Olmo2Config, Olmo2ForCausalLM, Phi3Config, Phi3ForCausalLM, Qwen2Config,
                          Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM, SmolLM3Config, SmolLM3ForCausalLM)

VOCABULARY = 260  # the bytes, two marks, one merged token, and a row without a token
WINDOW = 11
SIZES = {"hidden_size": 96, "intermediate_size": 128, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 4,
         "vocab_size": VOCABULARY, "max_position_embeddings": 512, "bos_token_id": 256, "eos_token_id": 257, "pad_token_id": 257}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 700.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64}
YARN = {"rope_type": "yarn", "rope_theta": 900.0, "factor": 4.0, "original_max_position_embeddings": 32, "beta_fast": 16.0, "beta_slow": 1.0}
LONGROPE = {"rope_type": "longrope", "rope_theta": 800.0, "partial_rotary_factor": 0.75, "original_max_position_embeddings": 16,
            "short_factor": [1.0 + 0.1 * i for i in range(9)], "long_factor": [1.5 + 0.4 * i for i in range(9)]}


def plain_rope(theta=500.0):
    return {"rope_type": "default", "rope_theta": theta}


# Flags that are switched off in the reference: a change of its configuration, or of its modules.

def config_with(**changes):
    def apply(model):
        config = copy.deepcopy(model.config)
        for key, value in changes.items():
            setattr(config, key, value)
        config._attn_implementation = "eager"
        other = type(model)(config).eval()
        other.load_state_dict(model.state_dict())
        return other
    return apply


def modules_with(change):
    def apply(model):
        other = copy.deepcopy(model)
        for layer in other.model.layers:
            change(layer)
        return other
    return apply


def without_modules(*paths):
    def change(layer):
        for path in paths:
            *parents, name = path.split(".")
            owner = layer
            for parent in parents:
                owner = getattr(owner, parent)
            setattr(owner, name, nn.Identity())
    return modules_with(change)


def without_biases(*names):
    def change(layer):
        for name, module in layer.named_modules():
            if name.split(".")[-1] in names:
                module.bias.data.zero_()
    return modules_with(change)


def with_attribute(path, value):
    def change(layer):
        *parents, name = path.split(".")
        owner = layer
        for parent in parents:
            owner = getattr(owner, parent)
        setattr(owner, name, value)
    return modules_with(change)


def other_model(change):
    def apply(model):
        other = copy.deepcopy(model)
        change(other)
        return other
    return apply


def norms_without_one(model):
    for name, parameter in model.named_parameters():
        if name.endswith("norm.weight"):
            parameter.data -= 1


def unscaled_embedding(model):
    model.model.embed_tokens.embed_scale.fill_(1.0)


def without_embedding_multiplier(model):
    model.model.embedding_multiplier = 1.0


NO_QK_NORM = without_modules("self_attn.q_norm", "self_attn.k_norm")
QKV_BIASES = ("q_proj", "k_proj", "v_proj")
MLP_BIASES = ("gate_proj", "up_proj", "down_proj")


class Case:
    """`gguf`: the architecture, further metadata behind its name, and whether queries and keys are reordered in pairs. `inside`: what the
    names begin with where the model is the text part of one that reads images, too."""

    def __init__(self, name, config_class, model_class, flags, gguf=None, keys=None, paired=False, tied=False, inside="", **config):
        self.name, self.model_class, self.flags = name, model_class, flags
        self.gguf, self.keys, self.paired, self.inside = gguf, keys or {}, paired, inside
        self.config = config_class(**{**SIZES, "rope_parameters": plain_rope(), "tie_word_embeddings": tied, **config})


def gemma_ropes(scaled=True):
    full = {"rope_type": "linear", "factor": 4.0, "rope_theta": 2000.0} if scaled else plain_rope(2000.0)
    return {"full_attention": full, "sliding_attention": plain_rope(300.0)}


def gemma_flags():
    return {
        "norms after attention": without_modules("post_attention_layernorm"),
        "norms before attention": without_modules("input_layernorm"),
        "norms before feed-forward": without_modules("pre_feedforward_layernorm"),
        "norms after feed-forward": without_modules("post_feedforward_layernorm"),
        "q/k norms": NO_QK_NORM,
        "1 + w": other_model(norms_without_one),
        "activation": with_attribute("mlp.act_fn", nn.SiLU()),
        "embedding scale": other_model(unscaled_embedding),
        "attention scale": with_attribute("self_attn.scaling", 24 ** -0.5),
        "window": config_with(sliding_window=512),
        "pattern of windows": config_with(layer_types=["full_attention", "sliding_attention"] * 2),
        "rotation of windows": config_with(rope_parameters={**gemma_ropes(), "sliding_attention": plain_rope(2000.0)}),
        "linear factor": config_with(rope_parameters=gemma_ropes(scaled=False)),
    }


def cases():
    types = ["sliding_attention", "full_attention", "sliding_attention", "full_attention"]
    yield Case("llama", LlamaConfig, LlamaForCausalLM, {
        "biases of q, k, v": without_biases(*QKV_BIASES), "bias of o": without_biases("o_proj"), "mlp biases": without_biases(*MLP_BIASES),
        "llama3 scaling": config_with(rope_parameters=plain_rope(700.0)),
    }, gguf="llama", keys={"rope.freq_base": 700.0}, paired=True, attention_bias=True, mlp_bias=True, head_dim=20, rope_parameters=LLAMA3)
    yield Case("llama, tied", LlamaConfig, LlamaForCausalLM, {
        "linear factor": config_with(rope_parameters=plain_rope(700.0)),
    }, gguf="llama", keys={"rope.freq_base": 700.0, "rope.scaling.type": "linear", "rope.scaling.factor": 2.5}, paired=True, tied=True,
        rope_parameters={"rope_type": "linear", "factor": 2.5, "rope_theta": 700.0})
    yield Case("llama, yarn", LlamaConfig, LlamaForCausalLM, {
        "yarn": config_with(rope_parameters=plain_rope(900.0)),
        "magnitude": config_with(rope_parameters={**YARN, "attention_factor": 1.0}),
    }, gguf="llama", keys={"rope.freq_base": 900.0, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
                           "rope.scaling.original_context_length": 32, "rope.scaling.yarn_beta_fast": 16.0,
                           "rope.scaling.yarn_beta_slow": 1.0}, paired=True, rope_parameters=YARN)
    yield Case("llama, dynamic", LlamaConfig, LlamaForCausalLM, {
        "base": config_with(rope_parameters=plain_rope(701.0 * 2)),
    }, rope_parameters={"rope_type": "dynamic", "factor": 4.0, "rope_theta": 701.0})
    yield Case("mistral", MistralConfig, MistralForCausalLM, {"window": config_with(sliding_window=None)}, sliding_window=WINDOW, head_dim=20)
    yield Case("mistral without a window", MistralConfig, MistralForCausalLM, {"base": config_with(rope_parameters=plain_rope(5000.0))},
               gguf="llama", keys={"rope.freq_base": 500.0}, paired=True, sliding_window=None)
    yield Case("qwen2", Qwen2Config, Qwen2ForCausalLM, {
        "biases": without_biases(*QKV_BIASES), "window": config_with(sliding_window=512),
        "layers of the window": config_with(layer_types=["sliding_attention"] * 4),
    }, use_sliding_window=True, sliding_window=WINDOW, max_window_layers=2)
    yield Case("qwen2, tied", Qwen2Config, Qwen2ForCausalLM, {"biases": without_biases(*QKV_BIASES)}, gguf="qwen2",
               keys={"rope.freq_base": 500.0}, tied=True)
    yield Case("qwen3", Qwen3Config, Qwen3ForCausalLM, {"q/k norms": NO_QK_NORM, "base": config_with(rope_parameters=plain_rope(5000.0))},
               gguf="qwen3", keys={"rope.freq_base": 500.0}, head_dim=40, tied=True)
    yield Case("qwen3, biased, yarn, window", Qwen3Config, Qwen3ForCausalLM, {
        "biases of q, k, v": without_biases(*QKV_BIASES), "bias of o": without_biases("o_proj"), "window": config_with(sliding_window=512),
        "yarn": config_with(rope_parameters=plain_rope(900.0)),
    }, head_dim=24, attention_bias=True, rope_parameters=YARN, use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1)
    yield Case("gemma3", Gemma3TextConfig, Gemma3ForCausalLM, gemma_flags(), tied=True, head_dim=24, query_pre_attn_scalar=60,
               sliding_window=WINDOW, layer_types=types, rope_parameters=gemma_ropes())
    yield Case("gemma3, as a GGUF can be", Gemma3TextConfig, Gemma3ForCausalLM, {
        "rotation of windows": config_with(rope_parameters={**gemma_ropes(), "sliding_attention": plain_rope(2000.0)}),
    }, gguf="gemma3", keys={"rope.freq_base": 2000.0, "rope.scaling.type": "linear", "rope.scaling.factor": 4.0,
                            "attention.sliding_window": WINDOW}, tied=True, head_dim=24, query_pre_attn_scalar=24, sliding_window=WINDOW,
        num_hidden_layers=7, rope_parameters={**gemma_ropes(), "sliding_attention": plain_rope(10000.0)})
    yield Case("gemma3, untied", Gemma3TextConfig, Gemma3ForCausalLM, {}, tied=False, head_dim=20, query_pre_attn_scalar=20,
               sliding_window=WINDOW, rope_parameters=gemma_ropes())
    for version, inside in ((4, "language_model.model."), (5, "model.language_model.")):
        yield Case(f"gemma3 that sees, written by transformers {version}", Gemma3TextConfig, Gemma3ForCausalLM, {}, tied=True, inside=inside,
                   head_dim=24, query_pre_attn_scalar=24, sliding_window=WINDOW, rope_parameters=gemma_ropes())
    yield Case("phi3", Phi3Config, Phi3ForCausalLM, {
        "partial rotary": config_with(rope_parameters=plain_rope(800.0)),
        "longrope": config_with(rope_parameters={**plain_rope(800.0), "partial_rotary_factor": 0.75}),
        "magnitude": config_with(rope_parameters={**LONGROPE, "attention_factor": 1.0}),
        "window": config_with(sliding_window=None),
    }, gguf="phi3", keys={"rope.freq_base": 800.0, "rope.dimension_count": 18, "rope.scaling.original_context_length": 16,
                          "rope.scaling.attn_factor": (1 + torch.tensor(32.0).log() / torch.tensor(16.0).log()).sqrt().item(),
                          "attention.sliding_window": WINDOW},
        original_max_position_embeddings=16, sliding_window=WINDOW, rope_parameters=LONGROPE)
    yield Case("phi3, tied", Phi3Config, Phi3ForCausalLM, {"base": config_with(rope_parameters=plain_rope(5000.0))}, gguf="phi3",
               keys={"rope.freq_base": 500.0}, tied=True)
    yield Case("granite", GraniteConfig, GraniteForCausalLM, {
        "embedding multiplier": other_model(without_embedding_multiplier), "residual multiplier": with_attribute("residual_multiplier", 1.0),
        "attention multiplier": with_attribute("self_attn.scaling", 24 ** -0.5), "logits scaling": config_with(logits_scaling=1.0),
        "biases of q, k, v": without_biases(*QKV_BIASES), "mlp biases": without_biases(*MLP_BIASES),
    }, gguf="granite", keys={"rope.freq_base": 500.0, "embedding_scale": 12.0, "residual_scale": 0.3, "attention.scale": 0.1,
                             "logit_scale": 4.0}, paired=True, tied=True, attention_bias=True, mlp_bias=True, embedding_multiplier=12.0,
        residual_multiplier=0.3, attention_multiplier=0.1, logits_scaling=4.0)
    yield Case("granite, untied", GraniteConfig, GraniteForCausalLM, {"residual multiplier": with_attribute("residual_multiplier", 1.0)},
               embedding_multiplier=6.0, residual_multiplier=0.5, attention_multiplier=0.15, logits_scaling=2.0)
    yield Case("olmo2", Olmo2Config, Olmo2ForCausalLM, {
        "q/k norms": NO_QK_NORM, "norms after attention": without_modules("post_attention_layernorm"),
        "norms after feed-forward": without_modules("post_feedforward_layernorm"),
    }, gguf="olmo2", keys={"rope.freq_base": 500.0})
    yield Case("olmo2, tied, biased", Olmo2Config, Olmo2ForCausalLM, {"biases": without_biases(*QKV_BIASES)}, tied=True, attention_bias=True)
    yield Case("smollm3", SmolLM3Config, SmolLM3ForCausalLM, {
        "layers without rope": config_with(no_rope_layers=[1, 1, 1, 1]), "window": config_with(sliding_window=512),
    }, tied=True, no_rope_layers=[1, 0, 1, 0], use_sliding_window=True, sliding_window=WINDOW, layer_types=types)
    yield Case("smollm3, as a GGUF can be", SmolLM3Config, SmolLM3ForCausalLM, {
        "layers without rope": config_with(no_rope_layers=[1, 1, 1, 1]),
    }, gguf="smollm3", keys={"rope.freq_base": 500.0}, paired=True)
    yield Case("exaone4", Exaone4Config, Exaone4ForCausalLM, {
        "q/k norms": NO_QK_NORM, "norms after attention": without_modules("post_attention_layernorm"),
        "norms after feed-forward": without_modules("post_feedforward_layernorm"), "window": config_with(sliding_window=512),
        "layers without rope": with_attribute("self_attn.sliding_window", None),
    }, gguf="exaone4", keys={"rope.freq_base": 500.0, "attention.sliding_window": WINDOW,
                             "attention.sliding_window_pattern": [kind == "sliding_attention" for kind in types]},
        head_dim=20, sliding_window=WINDOW, layer_types=types)
    yield Case("exaone4 without windows, tied", Exaone4Config, Exaone4ForCausalLM, {
        "llama3 scaling": config_with(rope_parameters=plain_rope(700.0)),
    }, gguf="exaone4", keys={"rope.freq_base": 700.0}, tied=True, sliding_window=None, layer_types=["full_attention"] * 4,
        rope_parameters=LLAMA3)
