// A model of two layers and a few kilobytes, as a GGUF file and as a Hugging Face directory.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/model/family/families.hpp"
#include "tests/gpu/model/gguf_writer.hpp"

namespace avp::test {

constexpr std::uint64_t tiny_layers = 2;
constexpr std::uint64_t tiny_hidden = 32;
constexpr std::uint64_t tiny_inner = 64;
constexpr std::uint64_t tiny_heads = 4;
constexpr std::uint64_t tiny_kv_heads = 2;
constexpr std::uint64_t tiny_vocabulary = 8;

/// `count` float32 values that differ for every seed.
inline std::string tiny_values(std::uint64_t count, std::uint64_t seed) {
  std::string bytes;
  for (std::uint64_t i = 0; i < count; ++i)
    bytes += bytes_of(static_cast<float>(std::sin(1.7 * static_cast<double>(i) + 13.1 * static_cast<double>(seed))));
  return bytes;
}

/// What the vocabulary of the tiny model holds.
inline std::vector<std::string> tiny_tokens() {
  return {"a", "b", "ab", "Ġ", "Ġa", "<|im_start|>", "<|im_end|>", "<tool>"};
}

/// Positions that layers with a window see, in families that have them.
constexpr std::uint64_t tiny_window = 16;

/// The shape of the tiny model of a family.
inline model_config tiny_shape(const family& family) {
  auto shape = family.defaults;
  shape.num_layers = tiny_layers;
  shape.hidden_size = tiny_hidden;
  shape.intermediate_size = tiny_inner;
  shape.num_heads = tiny_heads;
  shape.num_kv_heads = tiny_kv_heads;
  shape.head_dim = tiny_hidden / tiny_heads;
  shape.vocab_size = tiny_vocabulary;
  shape.tied = true;
  return shape;
}

/// Calls `add` with a row of the family's table, its layer and an end of its name (".weight", ".bias") for every tensor
/// of a tiny model.
template <class Add>
void for_tiny_tensors(const family& family, const Add& add) {
  const auto shape = tiny_shape(family);
  const auto of_rows = [&](bool in_layer, std::int64_t layer) {
    for (const auto& row : family.tensors)
      if (is_of_layer(row.part) == in_layer && row.part != weight_part::head)
        add(row, layer, ".weight");
    for (const auto& row : family.tensors)
      if (is_of_layer(row.part) == in_layer && row.is_biased(shape))
        add(row, layer, ".bias");
  };
  of_rows(false, 0);
  for (std::uint64_t layer = 0; layer < tiny_layers; ++layer)
    of_rows(true, static_cast<std::int64_t>(layer));
}

/// A complete GGUF file of F32 tensors, of one of the families.
inline gguf_writer tiny_gguf(const std::string& architecture) {
  gguf_writer out;
  out.text("general.architecture", architecture);
  out.text("general.name", "tiny");
  out.u32(architecture + ".block_count", tiny_layers);
  out.u32(architecture + ".context_length", 128);
  out.u32(architecture + ".embedding_length", tiny_hidden);
  out.u32(architecture + ".feed_forward_length", tiny_inner);
  out.u32(architecture + ".attention.head_count", tiny_heads);
  out.u32(architecture + ".attention.head_count_kv", tiny_kv_heads);
  out.f32(architecture + ".attention.layer_norm_rms_epsilon", 0.5F);
  out.f32(architecture + ".rope.freq_base", 5000);
  if (architecture == "gemma3" || architecture == "exaone4")
    out.u32(architecture + ".attention.sliding_window", tiny_window);
  if (architecture == "phi3")
    out.u32(architecture + ".rope.dimension_count", 6);
  if (architecture == "granite") {
    out.f32(architecture + ".embedding_scale", 12);
    out.f32(architecture + ".residual_scale", 0.22F);
    out.f32(architecture + ".attention.scale", 0.1F);
    out.f32(architecture + ".logit_scale", 8);
  }
  out.text("tokenizer.ggml.model", "gpt2");
  out.text("tokenizer.ggml.pre", architecture == "qwen2" ? "qwen2" : "smollm");
  out.texts("tokenizer.ggml.tokens", tiny_tokens());
  out.integers("tokenizer.ggml.token_type", {1, 1, 1, 1, 1, 3, 3, 4});
  out.texts("tokenizer.ggml.merges", {"a b", "Ġ a"});
  out.u32("tokenizer.ggml.bos_token_id", 5);
  out.u32("tokenizer.ggml.eos_token_id", 6);
  out.text("tokenizer.chat_template", "{{ messages }}");

  std::uint64_t seed = 0;
  const auto& its_family = *family_of_architecture(architecture);
  const auto config = tiny_shape(its_family);
  for_tiny_tensors(its_family, [&](const family_tensor& row, std::int64_t layer, std::string_view end) {
    const auto sides = end == ".bias" ? row.bias_shape(config) : row.shape(config);
    std::uint64_t count = 1;
    for (const auto side : sides)
      count *= static_cast<std::uint64_t>(side);
    out.tensors[row.gguf_name(layer, end)] = {{sides.begin(), sides.end()}, 0, tiny_values(count, ++seed)};
  });
  return out;
}

/// The config.json of the tiny model.
inline nlohmann::json tiny_config(const std::string& family) {
  return {{"model_type", family},
          {"num_hidden_layers", tiny_layers},
          {"hidden_size", tiny_hidden},
          {"intermediate_size", tiny_inner},
          {"num_attention_heads", tiny_heads},
          {"num_key_value_heads", tiny_kv_heads},
          {"vocab_size", tiny_vocabulary},
          {"max_position_embeddings", 128},
          {"rms_norm_eps", 0.5},
          {"rope_theta", 5000},
          {"hidden_act", "silu"},
          {"tie_word_embeddings", true}};
}

/// The tensors of the tiny GGUF model under their Hugging Face names, all F32.
inline std::map<std::string, gguf_writer::tensor> tiny_tensors(const std::string& model_type) {
  const auto& family = *family_of_model_type(model_type);
  const auto gguf = tiny_gguf(std::string(family.architecture));
  std::map<std::string, gguf_writer::tensor> result;
  for_tiny_tensors(family, [&](const family_tensor& row, std::int64_t layer, std::string_view end) {
    result[row.name(layer, end)] = gguf.tensors.at(row.gguf_name(layer, end));
  });
  return result;
}

/// A safetensors file of F32 tensors.
inline std::string safetensors_bytes(const std::map<std::string, gguf_writer::tensor>& tensors) {
  nlohmann::json header{{"__metadata__", {{"format", "pt"}}}};
  std::string data;
  for (const auto& [name, tensor] : tensors) {
    header[name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {data.size(), data.size() + tensor.data.size()}}};
    data += tensor.data;
  }
  const auto text = header.dump();
  return bytes_of(std::uint64_t{text.size()}) + text + data;
}

/// A tokenizer.json with the vocabulary of the tiny model.
inline nlohmann::json tiny_tokenizer_json() {
  nlohmann::json vocab;
  nlohmann::json added = nlohmann::json::array();
  const auto tokens = tiny_tokens();
  for (std::size_t id = 0; id < tokens.size(); ++id)
    if (id < 5)
      vocab[tokens[id]] = id;
    else
      added.push_back({{"id", id},
                       {"content", tokens[id]},
                       {"special", id < 7},
                       {"single_word", false},
                       {"lstrip", false},
                       {"rstrip", false},
                       {"normalized", false}});
  const nlohmann::json byte_level{
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
  return {{"version", "1.0"},      {"added_tokens", added},
          {"normalizer", nullptr}, {"pre_tokenizer", byte_level},
          {"decoder", byte_level}, {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "Ġ a"}}}}};
}

} // namespace avp::test
