// The keys "rope.…" and the tensors of factors, as llama.cpp (llama_model_base::load_hparams) reads them.
#include "gpu/model/rope_gguf.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/family/families.hpp"
#include "gpu/model/rope_scaling.hpp"

namespace avp {

namespace {

// Keys behind "rope.scaling." that llama.cpp writes; those of yarn alone mean nothing without it.
constexpr std::array<std::string_view, 10> scaling_keys{"type",
                                                        "factor",
                                                        "attn_factor",
                                                        "original_context_length",
                                                        "finetuned",
                                                        "yarn_log_multiplier",
                                                        "yarn_ext_factor",
                                                        "yarn_attn_factor",
                                                        "yarn_beta_fast",
                                                        "yarn_beta_slow"};

void refuse_unknown_scaling(const architecture_keys& keys) {
  const auto prefix = keys.key("rope.scaling.");
  for (const auto& [key, value] : keys.file().metadata())
    if (key.starts_with(prefix) && std::ranges::find(scaling_keys, key.substr(prefix.size())) == scaling_keys.end())
      throw model_error(keys.file().where() + ": metadata \"" + key +
                        "\" is not known, so rotary embedding would be wrong");
}

// A factor of 0 says nothing, and rope.scale_linear is its older name.
double scaling_factor(const architecture_keys& keys) {
  const std::string_view name = keys.contains("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
  const auto factor = keys.number(name, 1);
  if (!(factor >= 0 && std::isfinite(factor)))
    keys.refuse(name, std::to_string(factor), "expected a positive number");
  return factor == 0 ? 1 : factor;
}

// A tensor of one divisor for each rotated pair; empty where the file has none.
std::vector<float> factor_tensor(const architecture_keys& keys, const std::string& name, std::int64_t pairs) {
  if (!keys.has_tensor(name))
    return {};
  const auto& tensors = keys.parts().tensors();
  const auto found = tensors.find(name);
  if (found == tensors.end() || found->second.type != tensor_type::f32 ||
      found->second.shape != std::vector<std::int64_t>{pairs})
    throw model_error(keys.file().where() + ": " + name + " is not F32 of [" + std::to_string(pairs) + "]");
  std::vector<float> factors(static_cast<std::size_t>(pairs));
  dequantize(tensor_type::f32, found->second.data.data(), factors);
  if (!std::ranges::all_of(factors, [](float factor) { return std::isfinite(factor) && factor > 0; }))
    throw model_error(keys.file().where() + ": " + name + " has a factor that is not a positive number");
  return factors;
}

double original_context(const architecture_keys& keys, const model_config& config) {
  const auto original = keys.integer("rope.scaling.original_context_length", config.max_positions);
  if (original < 2)
    keys.refuse("rope.scaling.original_context_length", std::to_string(original), "expected 2 or more");
  return static_cast<double>(original);
}

rope yarn_from(const architecture_keys& keys, const model_config& config) {
  keys.must_be_number("rope.scaling.yarn_ext_factor", 1.0, "only 1 is supported");
  keys.must_be_number("rope.scaling.yarn_attn_factor", 1.0, "only 1 is supported");
  keys.must_be_number("rope.scaling.yarn_log_multiplier", 0.0, "only 0 is supported");
  const yarn_scaling scaling{scaling_factor(keys), original_context(keys, config),
                             keys.number("rope.scaling.yarn_beta_fast", 32),
                             keys.number("rope.scaling.yarn_beta_slow", 1)};
  if (!(scaling.factor >= 1 && scaling.beta_fast > scaling.beta_slow && scaling.beta_slow > 0))
    keys.refuse("rope.scaling.type", "\"yarn\"",
                "it needs a factor of 1 or more and 0 < yarn_beta_slow < yarn_beta_fast");
  return {config.rotary.theta, yarn_factors(scaling, config.rotary.theta, config.rotated()),
          keys.number("rope.scaling.attn_factor", 1) * yarn_magnitude(scaling.factor)};
}

// The longest text decides which factors are taken, from the first token on: keys are cached as they were rotated.
rope longrope_from(const architecture_keys& keys, const model_config& config) {
  const auto pairs = config.rotated() / 2;
  auto of_long = factor_tensor(keys, "rope_factors_long.weight", pairs);
  auto of_short = factor_tensor(keys, "rope_factors_short.weight", pairs);
  if (of_long.empty() || of_short.empty())
    throw model_error(keys.file().where() + ": rope_factors_long.weight and rope_factors_short.weight are needed, "
                                            "and one of them is missing");
  const bool is_long = static_cast<double>(config.max_positions) > original_context(keys, config);
  return {config.rotary.theta, is_long ? std::move(of_long) : std::move(of_short),
          keys.number("rope.scaling.attn_factor", 1)};
}

// "linear" is the type where none is said; Llama 3's scaling was made a tensor of factors by the converter.
rope linear_from(const architecture_keys& keys, const model_config& config) {
  keys.must_be_number("rope.scaling.attn_factor", 1.0, "only 1 is supported without yarn or longrope");
  const auto type = keys.file().string(keys.key("rope.scaling.type")).value_or("linear");
  const double factor = type == "none" ? 1 : scaling_factor(keys);
  auto factors = factor_tensor(keys, "rope_freqs.weight", config.rotated() / 2);
  if (factor != 1 && factors.empty())
    factors.assign(static_cast<std::size_t>(config.rotated() / 2), 1.0F);
  for (auto& divisor : factors)
    divisor = static_cast<float>(divisor * factor);
  return {config.rotary.theta, std::move(factors)};
}

} // namespace

void read_rope(const architecture_keys& keys, model_config& config) {
  refuse_unknown_scaling(keys);
  config.rotary.theta = keys.number("rope.freq_base", config.rotary.theta);
  if (config.window_rotary)
    config.window_rotary->theta = keys.number("rope.freq_base_swa", config.window_rotary->theta);
  const auto rotated = keys.integer("rope.dimension_count", config.head_dim);
  if (rotated != config.head_dim) {
    if (!family_of(config).partial_rotary)
      keys.refuse("rope.dimension_count", std::to_string(rotated),
                  "rotary embedding of a part of each head is not supported for " + config.family + " models");
    if (rotated < 2 || rotated > config.head_dim || rotated % 2 != 0)
      keys.refuse("rope.dimension_count", std::to_string(rotated),
                  "expected an even number up to " + std::to_string(config.head_dim));
    config.rotary_dim = rotated;
  }
  const auto type = keys.file().string(keys.key("rope.scaling.type"));
  const auto refuse_tensors = [&](std::initializer_list<const char*> names) {
    for (const auto* name : names)
      if (keys.has_tensor(name))
        keys.refuse("rope.scaling.type", "\"" + std::string(type.value_or("longrope")) + "\"",
                    std::string(name) + " is there, too, which means nothing with it");
  };
  if (type == "yarn") {
    refuse_tensors({"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"});
    config.rotary = yarn_from(keys, config);
  } else if (type == "longrope" || keys.has_tensor("rope_factors_long.weight") ||
             keys.has_tensor("rope_factors_short.weight")) {
    refuse_tensors({"rope_freqs.weight"});
    config.rotary = longrope_from(keys, config);
  } else if (type && type != "none" && type != "linear")
    keys.refuse("rope.scaling.type", "\"" + std::string(*type) + "\"",
                "only none, linear, yarn, longrope and Llama 3's scaling (rope_freqs.weight) are supported");
  else
    config.rotary = linear_from(keys, config);
}

} // namespace avp
