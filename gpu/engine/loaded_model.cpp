// Loading a model onto a device.

#include "gpu/engine/loaded_model.hpp"

#include "gpu/model/catalogue.hpp"
#include "gpu/model/load_tensor.hpp"
#include "gpu/model/open_model.hpp"

namespace avp {

namespace {

chat_template chat_template_of(const model_spec& spec, const model_file& file, const std::string& path) {
  try {
    return avp::chat_template(file.vocabulary, spec.template_variables, {spec.chat_template, spec.template_text});
  } catch (const model_error& error) {
    throw model_error("model '" + spec.name + "' (" + path + "): " + error.what());
  }
}

// What decides a context's bits besides weights and tokens.
std::string numerics_of(const model_spec& spec, at::ScalarType cache) {
  return std::string(name_of(spec.format.value())) + (spec.layercast ? ", layercast" : "") +
         (cache == at::kFloat ? ", cache float32" : ", cache bfloat16");
}

} // namespace

std::vector<std::int32_t> loaded_model::tokens_of(std::span<const chat_message> messages) const {
  auto text = chat_template.render(messages);
  if (special_tokens_in_text)
    text = marked_text::trusted(std::move(text).text());
  return chat_template.tokens_of(text, tokenizer);
}

std::unique_ptr<loaded_model> load_model(model_spec spec, at::Device device) {
  const auto path = resolve_model(spec.source);
  auto file = open_model(path);
  if (!spec.format)
    spec.format =
        device.is_cpu() && has_blocks(file) && !spec.layercast ? weight_format::native : weight_format::bfloat16;
  auto chat = chat_template_of(spec, file, path.string());
  decoder network(file, spec, device);
  const auto cache = network.cache_shape().dtype;
  auto identity = std::make_shared<model_fingerprint>();
  identity->config = file.config;
  identity->model_hash = spec.model_hash.empty() ? file.model_hash : spec.model_hash;
  identity->weights_digest = file.weights_digest;
  identity->numerics = numerics_of(spec, cache);
  identity->kv_dtype = cache == at::kFloat ? data_type::float32 : data_type::bfloat16;
  return std::make_unique<loaded_model>(loaded_model{spec.name, spec.source, tokenizer(file.vocabulary),
                                                     std::move(chat), std::move(network), std::move(identity),
                                                     *spec.format, spec.special_tokens_in_text, file.sampling});
}

} // namespace avp
