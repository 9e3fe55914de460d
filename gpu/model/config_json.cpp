// config.json of transformers: reading, checking, hashing.
#include "gpu/model/config_json.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <nlohmann/json.hpp>

#include "gpu/model/config_reader.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/rope_json.hpp"
#include "gpu/model/text_part.hpp"

namespace avp {

namespace {

using nlohmann::json;

const family& family_in(const config_reader& config) {
  const auto type = config.text("model_type", "");
  if (const auto* found = family_of_model_type(type))
    return *found;
  for (const auto* key : {"num_experts", "num_local_experts", "n_routed_experts"})
    if (config.find(key) != nullptr)
      config.fail("model_type", "is \"" + type + "\", a mixture of experts (\"" + key +
                                    "\" is there); mixtures of experts are not supported");
  config.fail("model_type", "is \"" + type + "\"; these are supported: " + model_type_names());
}

gate_activation activation_in(const config_reader& config, const family& its_family) {
  const auto name = config.text(its_family.activation_key, "");
  if (name.empty())
    return its_family.defaults.activation;
  if (name == "silu" || name == "swish")
    return gate_activation::silu;
  if (name == "gelu_pytorch_tanh" || name == "gelu_new")
    return gate_activation::gelu_tanh;
  config.fail(its_family.activation_key, "is \"" + name + "\"; \"silu\" and \"gelu_pytorch_tanh\" are supported");
}

// Biases of all matrices of a kind, where the family may have them.
void read_biases(const config_reader& config, const family& its_family, model_config& result) {
  const auto is_set = [&](std::string_view key) {
    const bool set = config.boolean(key);
    if (set && !its_family.optional_biases)
      config.fail(key, "is true; these biases are not supported for " + result.family + " models");
    return set;
  };
  if (is_set("attention_bias"))
    result.qkv_bias = result.output_bias = true;
  result.feed_forward_bias = is_set("mlp_bias");
}

void refuse_unsupported(const config_reader& config, const model_config& result) {
  if (result.windowed.empty() && config.boolean("use_sliding_window"))
    config.fail("use_sliding_window",
                "is true; sliding-window attention is not supported for " + result.family + " models");
  if (const auto* types = config.find("layer_types"); types != nullptr && result.windowed.empty())
    for (const auto& type : *types)
      if (type != "full_attention")
        config.fail("layer_types",
                    "has " + type.dump() + "; only \"full_attention\" is supported for " + result.family + " models");
}

} // namespace

void refuse_quantized(const json& source, const std::string& where) {
  const config_reader config(source, where);
  if (config.find("quantization_config") != nullptr)
    config.fail("quantization_config", "is there; quantised weights are read from GGUF files only");
}

model_config config_from_json(const json& source, const std::string& where) {
  refuse_quantized(source, where);
  const config_reader config(source, where);
  const auto& its_family = family_in(config);
  auto result = its_family.defaults;
  result.family = its_family.model_type;
  const auto whole = [&](std::string_view key, std::int64_t otherwise) {
    return otherwise > 0 ? config.integer(key).value_or(otherwise) : config.required(key);
  };
  result.name = config.text("_name_or_path", "");
  result.num_layers = whole("num_hidden_layers", result.num_layers);
  result.hidden_size = whole("hidden_size", result.hidden_size);
  result.intermediate_size = whole("intermediate_size", result.intermediate_size);
  result.num_heads = whole("num_attention_heads", result.num_heads);
  result.num_kv_heads =
      config.integer("num_key_value_heads").value_or(result.num_kv_heads > 0 ? result.num_kv_heads : result.num_heads);
  const auto of_hidden = result.num_heads > 0 ? result.hidden_size / result.num_heads : 0;
  result.head_dim = config.integer("head_dim").value_or(result.head_dim > 0 ? result.head_dim : of_hidden);
  result.vocab_size = whole("vocab_size", result.vocab_size);
  result.max_positions = whole("max_position_embeddings", result.max_positions);
  result.rms_norm_eps = config.number("rms_norm_eps").value_or(result.rms_norm_eps);
  result.tied = config.boolean("tie_word_embeddings", result.tied);
  result.activation = activation_in(config, its_family);
  check_config(result, where);
  read_biases(config, its_family, result);
  if (its_family.read_json != nullptr)
    its_family.read_json(config, result);
  refuse_unsupported(config, result);
  read_rope(config, result);
  check_config(result, where);
  return result;
}

namespace {

// What most families do not have is left out where it changes nothing.
void add_special_fields(const model_config& config, json& result) {
  const auto add = [&](const char* key, const auto& value, const auto& usual) {
    if (value != usual)
      result[key] = value;
  };
  add("rope_magnitude", config.rotary.magnitude, 1.0);
  add("rotary_dim", config.rotated(), config.head_dim);
  if (config.window_rotary)
    result["window_rotary"] = {{"rope_theta", config.window_rotary->theta},
                               {"rope_factors", config.window_rotary->factors},
                               {"rope_magnitude", config.window_rotary->magnitude}};
  add("sliding_window", config.window, std::int64_t{0});
  add("windowed", config.windowed, std::vector<bool>());
  add("unrotated", config.unrotated, std::vector<bool>());
  add("qkv_bias", config.qkv_bias, family_of(config).defaults.qkv_bias);
  add("output_bias", config.output_bias, false);
  add("mlp_bias", config.feed_forward_bias, false);
  if (config.activation == gate_activation::gelu_tanh)
    result["hidden_act"] = "gelu_pytorch_tanh";
  add("attention_scale", config.attention_scale, 0.0);
  add("embedding_scale", config.embedding_scale, 1.0);
  add("residual_scale", config.residual_scale, 1.0);
  add("logit_divisor", config.logit_divisor, 1.0);
}

} // namespace

model_config text_config_from_json(const json& config, const std::string& where) {
  refuse_quantized(config, where);
  const auto* const text = text_config_of(config);
  return text != nullptr ? config_from_json(*text, where + ": \"text_config\"") : config_from_json(config, where);
}

json config_json(const model_config& config) {
  json result{{"model_type", config.family},
              {"num_hidden_layers", config.num_layers},
              {"hidden_size", config.hidden_size},
              {"intermediate_size", config.intermediate_size},
              {"num_attention_heads", config.num_heads},
              {"num_key_value_heads", config.num_kv_heads},
              {"head_dim", config.head_dim},
              {"vocab_size", config.vocab_size},
              {"max_position_embeddings", config.max_positions},
              {"rms_norm_eps", config.rms_norm_eps},
              {"rope_theta", config.rotary.theta},
              {"tie_word_embeddings", config.tied}};
  if (!config.rotary.factors.empty())
    result["rope_factors"] = config.rotary.factors;
  add_special_fields(config, result);
  return result;
}

void check_config(const model_config& config, const std::string& where) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  const auto check = [&](std::string_view name, std::int64_t value, std::int64_t limit) {
    if (value < 1 || value > limit)
      throw model_error(where + ": " + std::string(name) + " is " + std::to_string(value) + ", expected 1 to " +
                        std::to_string(limit));
  };
  check("the number of layers", config.num_layers, 10000);
  check("the hidden size", config.hidden_size, most);
  check("the intermediate size", config.intermediate_size, most);
  check("the number of attention heads", config.num_heads, 1 << 16);
  check("the number of key-value heads", config.num_kv_heads, 1 << 16);
  check("the head size", config.head_dim, 1 << 16);
  check("the vocabulary size", config.vocab_size, most);
  check("the longest context", config.max_positions, 1 << 24); // its table of angles is made when a model is loaded
  if (config.num_heads % config.num_kv_heads != 0)
    throw model_error(where + ": " + std::to_string(config.num_heads) + " attention heads can't share " +
                      std::to_string(config.num_kv_heads) + " key-value heads evenly");
  if (config.head_dim % 2 != 0)
    throw model_error(where + ": a head size of " + std::to_string(config.head_dim) + " has no pairs to rotate");
  if (!(config.rms_norm_eps > 0 && config.rms_norm_eps < 1))
    throw model_error(where + ": the epsilon of the norms is " + std::to_string(config.rms_norm_eps));
  const auto check_theta = [&](const rope& rotary) {
    if (!(rotary.theta >= 1 && std::isfinite(rotary.theta)))
      throw model_error(where + ": the base of the rotary frequencies is " + std::to_string(rotary.theta));
    if (!(rotary.magnitude > 0 && std::isfinite(rotary.magnitude)))
      throw model_error(where + ": the magnitude of the rotation is " + std::to_string(rotary.magnitude));
    if (!std::ranges::all_of(rotary.factors, [](float factor) { return factor > 0 && std::isfinite(factor); }))
      throw model_error(where + ": the rotary frequencies are divided by something that is no positive number");
  };
  check_theta(config.rotary);
  if (config.window_rotary)
    check_theta(*config.window_rotary);
}

} // namespace avp
