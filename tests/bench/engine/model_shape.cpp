// Shapes of models.
#include "tests/bench/engine/model_shape.hpp"

#include <numeric>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/open_model.hpp"
#include "tests/bench/engine/bench_device.hpp"

namespace avp::bench {

namespace {

using json = nlohmann::ordered_json;

void add(json& part, const tensor_view& tensor) {
  const auto values = std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies<>());
  if (part.is_null())
    part = {{"values", std::int64_t{0}}, {"file_bytes", std::size_t{0}}};
  part["values"] = part["values"].get<std::int64_t>() + values;
  part["file_bytes"] = part["file_bytes"].get<std::size_t>() + tensor.data.size();
}

} // namespace

std::int64_t kv_bytes_per_token(const std::string& model, const std::string& format) {
  const auto config = open_model(resolve_model(model)).config;
  return config.num_layers * 2 * config.num_kv_heads * config.head_dim * kv_element_bytes(format);
}

json model_shape(const std::string& model) {
  const auto file = open_model(resolve_model(model));
  const auto& config = file.config;
  json shape = {{"path", resolve_model(model).string()},    {"family", config.family},
                {"layers_count", config.num_layers},        {"hidden", config.hidden_size},
                {"intermediate", config.intermediate_size}, {"heads", config.num_heads},
                {"kv_heads", config.num_kv_heads},          {"head_dim", config.head_dim},
                {"vocabulary", config.vocab_size},          {"tied", config.tied}};
  for (const auto& [name, tensor] : file.tensors) {
    if (tensor.shape.size() < 2)
      continue; // norms and biases
    const auto* part = name.starts_with("lm_head")              ? "output"
                       : name.find("embed_tokens") != name.npos ? "embedding"
                                                                : "layers";
    add(shape[part], tensor);
  }
  return shape;
}

} // namespace avp::bench
