// Names as llama.cpp (gguf-py/gguf/constants.py) and transformers (models/llama) have them.
#include "gpu/model/family/plain_tensors.hpp"

#include <algorithm>

namespace avp {

std::vector<family_tensor> plain_tensors() {
  using enum weight_part;
  constexpr bool rotated = true;
  return {
      {embedding, "token_embd", "model.embed_tokens", extent::vocabulary, extent::hidden},
      {final_norm, "output_norm", "model.norm", extent::hidden},
      {head, "output", "lm_head", extent::vocabulary, extent::hidden},
      {input_norm, "attn_norm", "input_layernorm", extent::hidden},
      {qkv, "attn_q", "self_attn.q_proj", extent::queries, extent::hidden, rotated},
      {qkv, "attn_k", "self_attn.k_proj", extent::keys, extent::hidden, rotated},
      {qkv, "attn_v", "self_attn.v_proj", extent::keys, extent::hidden},
      {attention_output, "attn_output", "self_attn.o_proj", extent::hidden, extent::queries},
      {feed_forward_input_norm, "ffn_norm", "post_attention_layernorm", extent::hidden},
      {gate_up, "ffn_gate", "mlp.gate_proj", extent::inner, extent::hidden},
      {gate_up, "ffn_up", "mlp.up_proj", extent::inner, extent::hidden},
      {down, "ffn_down", "mlp.down_proj", extent::hidden, extent::inner},
  };
}

std::vector<family_tensor> with_head_norms(std::vector<family_tensor> tensors, extent queries, extent keys) {
  tensors.push_back({weight_part::query_norm, "attn_q_norm", "self_attn.q_norm", queries});
  tensors.push_back({weight_part::key_norm, "attn_k_norm", "self_attn.k_norm", keys});
  return tensors;
}

std::vector<family_tensor> without(std::vector<family_tensor> tensors, std::initializer_list<weight_part> parts) {
  std::erase_if(tensors, [&](const auto& row) { return std::ranges::find(parts, row.part) != parts.end(); });
  return tensors;
}

} // namespace avp
