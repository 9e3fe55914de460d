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
  case extent::queries:
    return config.num_heads * config.head_dim;
  case extent::keys:
    return config.num_kv_heads * config.head_dim;
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

std::vector<std::int64_t> family_tensor::bias_shape(const model_config& config) const {
  return {length_of(outputs, config)};
}

} // namespace avp
