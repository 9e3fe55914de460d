// config.json of transformers: reading, checking, hashing.
#include "gpu/model/config_json.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "gpu/model/family/families.hpp"
#include "gpu/model/model_error.hpp"

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

  /// Refuses every key that is not among `known`; `meaning` says where these are all that may be there.
  void refuse_other_keys(std::span<const std::string_view> known, const std::string& meaning) const {
    for (const auto& [key, value] : object_.items())
      if (!value.is_null() && std::ranges::find(known, key) == known.end()) {
        std::string names;
        for (const auto name : known)
          names += (names.empty() ? "" : ", ") + std::string(name);
        fail(key, "is not known " + meaning + "; these are: " + names);
      }
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
  const double original =
      scaling.number("original_max_position_embeddings").value_or(static_cast<double>(config.max_positions));
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

std::vector<float> linear_factors(const config_reader& scaling, const model_config& config) {
  const double factor = scaling.required_number("factor");
  if (!(factor > 0))
    scaling.fail("factor", "is " + std::to_string(factor) + ", expected a positive number");
  return std::vector<float>(static_cast<std::size_t>(config.head_dim / 2), static_cast<float>(factor));
}

// As in transformers: "type" is the older name of "rope_type", and without either the type is "default".
std::string rope_type_of(const config_reader& rope) {
  const auto older = rope.text("type", "default");
  const auto type = rope.text("rope_type", older);
  if (rope.find("type") != nullptr && type != older)
    rope.fail("rope_type", "is \"" + type + "\", but \"type\" beside it is \"" + older + "\"");
  return type;
}

// A key that is not known may change the frequencies, so that leaving it aside would give wrong answers in silence.
std::vector<float> factors_of(const config_reader& rope, const model_config& config) {
  using factors = std::vector<float> (*)(const config_reader&, const model_config&);
  struct scaling {
    std::string_view type;
    std::vector<std::string_view> keys;
    factors make;
  };
  static const std::array<scaling, 3> scalings{
      {{"default", {}, [](const config_reader&, const model_config&) { return std::vector<float>(); }},
       {"linear", {"factor"}, linear_factors},
       {"llama3",
        {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"},
        llama3_factors}}};
  const auto type = rope_type_of(rope);
  const auto* known = std::ranges::find(scalings, type, &scaling::type);
  if (known == scalings.end())
    rope.fail("rope_type", "is \"" + type + "\"; these work: default, linear, llama3");
  std::vector<std::string_view> keys{"rope_type", "type", "rope_theta", "partial_rotary_factor"};
  keys.insert(keys.end(), known->keys.begin(), known->keys.end());
  const bool is_said = rope.find("rope_type") != nullptr || rope.find("type") != nullptr;
  rope.refuse_other_keys(keys, is_said ? "for the rope_type \"" + type + "\"" : "without a rope_type");
  if (const auto factor = rope.number("partial_rotary_factor").value_or(1); factor != 1)
    rope.fail("partial_rotary_factor", "is not 1; rotary embedding of a part of each head is not supported");
  return known->make(rope, config);
}

// transformers 4 writes rope_theta at the top and rope_scaling beside it, transformers 5 both into rope_parameters.
void read_rope(const config_reader& config, model_config& result, const std::string& where) {
  constexpr std::array places{"rope_scaling", "rope_parameters"};
  const auto contradiction = [&](const std::string& key) {
    config.fail("rope_parameters", "and \"rope_scaling\" contradict each other in " + key);
  };
  if (const auto theta = config.number("rope_theta"))
    result.rope_theta = *theta;
  std::optional<double> inner;
  for (const auto* place : places)
    if (const auto rope = config.object(place))
      if (const auto theta = rope->number("rope_theta")) {
        if (inner.value_or(*theta) != *theta)
          contradiction("rope_theta");
        inner = theta;
      }
  result.rope_theta = inner.value_or(result.rope_theta);
  check_config(result, where);
  std::optional<std::vector<float>> factors;
  for (const auto* place : places)
    if (const auto rope = config.object(place)) {
      auto its = factors_of(*rope, result);
      if (factors.value_or(its) != its)
        contradiction("what they make of the frequencies");
      factors = std::move(its);
    }
  result.rope_factors = std::move(factors).value_or(std::vector<float>());
}

} // namespace

model_config config_from_json(const json& source, const std::string& where) {
  const config_reader config(source, where);
  model_config result;
  result.family = config.text("model_type", "");
  if (family_of_model_type(result.family) == nullptr)
    config.fail("model_type", "is \"" + result.family + "\"; these are supported: " + model_type_names());
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
  check("the longest context", config.max_positions, 1 << 24); // its table of angles is made when a model is loaded
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
