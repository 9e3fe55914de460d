// Names and shapes of a row of a family's table.
#include "gpu/model/family/family_tensor.hpp"

namespace avp {

namespace {

std::int64_t length_of(extent side, const model_config& config) {
  switch (side) {
  case extent::none:
    return 1;
  case extent::hidden:
    return config.hidden_size;
  case extent::inner:
    return config.intermediate_size;
  case extent::gate_and_up:
    return 2 * config.intermediate_size;
  case extent::head:
    return config.head_dim;
  case extent::queries:
    return config.num_heads * config.head_dim;
  case extent::keys:
    return config.num_kv_heads * config.head_dim;
  case extent::queries_keys_values:
    return (config.num_heads + 2 * config.num_kv_heads) * config.head_dim;
  case extent::vocabulary:
    return config.vocab_size;
  }
  return 0;
}

std::string whole_name(std::string_view layers, const family_tensor& tensor, std::string_view stem, std::int64_t layer,
                       std::string_view end) {
  std::string name = is_of_layer(tensor.part) ? std::string(layers) + std::to_string(layer) + "." : std::string();
  return name.append(stem).append(end);
}

} // namespace

std::string family_tensor::gguf_name(std::int64_t layer, std::string_view end) const {
  return whole_name("blk.", *this, gguf, layer, end);
}

std::string family_tensor::name(std::int64_t layer, std::string_view end) const {
  return whole_name("model.layers.", *this, hugging_face, layer, end);
}

std::vector<std::int64_t> family_tensor::shape(const model_config& config) const {
  auto sides = bias_shape(config);
  if (inputs != extent::none)
    sides.push_back(length_of(inputs, config));
  return sides;
}

bool family_tensor::is_biased(const model_config& config) const {
  switch (part) {
  case weight_part::qkv:
    return config.qkv_bias;
  case weight_part::attention_output:
    return config.output_bias;
  case weight_part::gate_up:
  case weight_part::down:
    return config.feed_forward_bias;
  default:
    return false;
  }
}

std::vector<std::int64_t> family_tensor::bias_shape(const model_config& config) const {
  return {length_of(outputs, config)};
}

} // namespace avp
