// Granite 3: Llama with numbers by which embeddings, scores, what layers add, and logits are multiplied.
#include <cmath>

#include "gpu/model/architecture_keys.hpp"
#include "gpu/model/config_reader.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/family/plain_tensors.hpp"

namespace avp {

namespace {

/// One of these numbers, by its names.
struct granite_number {
  const char* json;
  const char* gguf;
  double model_config::*field;
  double otherwise_in_gguf; ///< Where a GGUF does not say it; config.json means 1.
};

constexpr granite_number granite_numbers[] = {
    {"embedding_multiplier", "embedding_scale", &model_config::embedding_scale, 1},
    {"residual_multiplier", "residual_scale", &model_config::residual_scale, 1},
    {"logits_scaling", "logit_scale", &model_config::logit_divisor, 1},
    {"attention_multiplier", "attention.scale", &model_config::attention_scale, 0}, // 0: by the size of a head
};

void read_granite(const config_reader& keys, model_config& config) {
  for (const auto& number : granite_numbers) {
    config.*number.field = keys.number(number.json).value_or(1);
    if (!(config.*number.field > 0 && std::isfinite(config.*number.field)))
      keys.fail(number.json, "is " + std::to_string(config.*number.field) + ", expected a positive number");
  }
}

void read_gguf_granite(const architecture_keys& keys, model_config& config) {
  for (const auto& number : granite_numbers) {
    const auto value = keys.number(number.gguf, number.otherwise_in_gguf);
    if (!(value >= 0 && std::isfinite(value)))
      keys.refuse(number.gguf, std::to_string(value), "expected a positive number");
    config.*number.field = value == 0 ? number.otherwise_in_gguf : value;
  }
}

} // namespace

family granite_family() {
  return {.architecture = "granite",
          .model_type = "granite",
          .tensors = plain_tensors(),
          .interleaved_in_gguf = true,
          .optional_biases = true,
          .read_json = read_granite,
          .read_gguf = read_gguf_granite};
}

} // namespace avp
