// config.json of transformers: reading, checking, hashing.
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <avp/gpu/model/config_json.hpp>
#include <avp/gpu/model/model_error.hpp>

namespace avp {

namespace {

using nlohmann::json;

/// One JSON object of a configuration file, read with messages that name the key.
class config_reader {
public:
  config_reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object_.is_object())
      throw model_error(where_ + ": expected a JSON object, found " + object_.type_name());
  }

  [[noreturn]] void fail(std::string_view key, const std::string& what) const {
    throw model_error(where_ + ": \"" + std::string(key) + "\" " + what);
  }

  /// The value, or nullptr when it is missing or null.
  [[nodiscard]] const json* find(std::string_view key) const {
    const auto found = object_.find(key);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr)
      return std::nullopt;
    if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > most))
      fail(key, "is " + value->dump() + ", expected a whole number");
    return value->get<std::int64_t>();
  }

  [[nodiscard]] std::int64_t required(std::string_view key) const {
    if (const auto value = integer(key))
      return *value;
    fail(key, "is missing");
  }

  [[nodiscard]] std::optional<double> number(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr)
      return std::nullopt;
    if (!value->is_number())
      fail(key, "is " + value->dump() + ", expected a number");
    return value->get<double>();
  }

  [[nodiscard]] double required_number(std::string_view key) const {
    if (const auto value = number(key))
      return *value;
    fail(key, "is missing");
  }

  [[nodiscard]] bool boolean(std::string_view key) const {
    const auto* value = find(key);
    if (value != nullptr && !value->is_boolean())
      fail(key, "is " + value->dump() + ", expected true or false");
    return value != nullptr && value->get<bool>();
  }

  [[nodiscard]] std::string text(std::string_view key, std::string otherwise) const {
    const auto* value = find(key);
    if (value == nullptr)
      return otherwise;
    if (!value->is_string())
      fail(key, "is " + value->dump() + ", expected a string");
    return value->get<std::string>();
  }

  /// The object under `key`; nothing when it is missing or null.
  [[nodiscard]] std::optional<config_reader> object(std::string_view key) const {
    const auto* value = find(key);
    return value == nullptr ? std::nullopt
                            : std::optional(config_reader(*value, where_ + ": \"" + std::string(key) + "\""));
  }

private:
  static constexpr std::uint64_t most = std::uint64_t{1} << 62;

  const json& object_;
  std::string where_;
};

void refuse_unsupported(const config_reader& config) {
  if (const auto act = config.text("hidden_act", "silu"); act != "silu")
    config.fail("hidden_act", "is \"" + act + "\"; only \"silu\" is supported");
  for (const auto* key : {"attention_bias", "mlp_bias"})
    if (config.boolean(key))
      config.fail(key, "is true; these biases are not supported");
  if (config.boolean("use_sliding_window"))
    config.fail("use_sliding_window", "is true; sliding-window attention is not supported");
  if (const auto factor = config.number("partial_rotary_factor").value_or(1); factor != 1)
    config.fail("partial_rotary_factor", "is not 1; rotary embedding of a part of each head is not supported");
  if (config.find("quantization_config") != nullptr)
    config.fail("quantization_config", "is there; quantised weights are read from GGUF files only");
  if (const auto* types = config.find("layer_types"); types != nullptr)
    for (const auto& type : *types)
      if (type != "full_attention")
        config.fail("layer_types", "has " + type.dump() + "; only \"full_attention\" is supported");
}

// Llama 3: slow frequencies (few turns within the original context) are divided by `factor`, fast ones stay, with a
// linear transition between. As in transformers' _compute_llama3_parameters, given as divisors.
std::vector<float> llama3_factors(const config_reader& scaling, const model_config& config) {
  const double factor = scaling.required_number("factor");
  const double low = scaling.required_number("low_freq_factor");
  const double high = scaling.required_number("high_freq_factor");
  const double original = scaling.required_number("original_max_position_embeddings");
  if (!(factor >= 1 && low > 0 && high > low && original > 0))
    scaling.fail("factor", "and its neighbours must fulfil factor >= 1, 0 < low_freq_factor < high_freq_factor, "
                           "original_max_position_embeddings > 0");
  std::vector<float> factors;
  for (std::int64_t pair = 0; pair < config.head_dim / 2; ++pair) {
    const double exponent = 2 * static_cast<double>(pair) / static_cast<double>(config.head_dim);
    const double wavelength = 2 * std::numbers::pi * std::pow(config.rope_theta, exponent);
    const double turns = original / wavelength;
    double divisor = 1;
    if (turns < low)
      divisor = factor;
    else if (turns <= high) {
      const double smooth = (turns - low) / (high - low);
      divisor = 1 / ((1 - smooth) / factor + smooth);
    }
    factors.push_back(static_cast<float>(divisor));
  }
  return factors;
}

// transformers 4 writes rope_theta at the top and rope_scaling beside it, transformers 5 both into rope_parameters.
void read_rope(const config_reader& config, model_config& result, const std::string& where) {
  if (const auto theta = config.number("rope_theta"))
    result.rope_theta = *theta;
  for (const auto* key : {"rope_scaling", "rope_parameters"})
    if (const auto rope = config.object(key))
      if (const auto theta = rope->number("rope_theta"))
        result.rope_theta = *theta;
  check_config(result, where);
  for (const auto* key : {"rope_scaling", "rope_parameters"}) {
    const auto rope = config.object(key);
    if (!rope)
      continue;
    const auto type = rope->text("rope_type", rope->text("type", "default"));
    if (type == "llama3")
      result.rope_factors = llama3_factors(*rope, result);
    else if (type != "default")
      rope->fail("rope_type", "is \"" + type + "\"; these work: default, llama3");
  }
}

} // namespace

model_config config_from_json(const json& source, const std::string& where) {
  const config_reader config(source, where);
  model_config result;
  result.family = config.text("model_type", "");
  if (result.family != "llama" && result.family != "qwen2")
    config.fail("model_type", "is \"" + result.family + "\"; these are supported: llama, qwen2");
  result.name = config.text("_name_or_path", "");
  result.num_layers = config.required("num_hidden_layers");
  result.hidden_size = config.required("hidden_size");
  result.intermediate_size = config.required("intermediate_size");
  result.num_heads = config.required("num_attention_heads");
  result.num_kv_heads = config.integer("num_key_value_heads").value_or(result.num_heads);
  result.head_dim =
      config.integer("head_dim").value_or(result.num_heads > 0 ? result.hidden_size / result.num_heads : 0);
  result.vocab_size = config.required("vocab_size");
  result.max_positions = config.required("max_position_embeddings");
  result.rms_norm_eps = config.number("rms_norm_eps").value_or(result.rms_norm_eps);
  result.tied = config.boolean("tie_word_embeddings");
  refuse_unsupported(config);
  read_rope(config, result, where);
  return result;
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
              {"rope_theta", config.rope_theta},
              {"tie_word_embeddings", config.tied}};
  if (!config.rope_factors.empty())
    result["rope_factors"] = config.rope_factors;
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
  check("the longest context", config.max_positions, most);
  if (config.num_heads % config.num_kv_heads != 0)
    throw model_error(where + ": " + std::to_string(config.num_heads) + " attention heads can't share " +
                      std::to_string(config.num_kv_heads) + " key-value heads evenly");
  if (config.head_dim % 2 != 0)
    throw model_error(where + ": a head size of " + std::to_string(config.head_dim) + " has no pairs to rotate");
  if (!(config.rms_norm_eps > 0 && config.rms_norm_eps < 1))
    throw model_error(where + ": the epsilon of the norms is " + std::to_string(config.rms_norm_eps));
  if (!(config.rope_theta >= 1 && std::isfinite(config.rope_theta)))
    throw model_error(where + ": the base of the rotary frequencies is " + std::to_string(config.rope_theta));
}

} // namespace avp
