// Loading a model onto a device.
#include <avp/gpu/engine/loaded_model.hpp>
#include <avp/gpu/model/catalogue.hpp>

namespace avp {

namespace {

chat_template chat_template_of(const model_spec& spec, const model_file& file, const std::string& path) {
  if (!spec.chat_template.empty())
    return chat_template_by_name(spec.chat_template);
  try {
    return detect_chat_template(file.vocabulary);
  } catch (const model_error& error) {
    throw model_error("model '" + spec.name + "' (" + path + "): " + error.what());
  }
}

} // namespace

std::unique_ptr<loaded_model> load_model(const model_spec& spec, at::Device device) {
  const auto path = resolve_model(spec.source);
  auto file = open_model(path);
  auto chat = chat_template_of(spec, file, path.string());
  auto identity = std::make_shared<model_identity>();
  identity->config = file.config;
  identity->model_hash = spec.model_hash.empty() ? file.model_hash : spec.model_hash;
  identity->weights_digest = file.weights_digest;
  identity->dtype = spec.dtype;
  const auto dtype = spec.dtype == data_type::float32 ? at::kFloat : at::kBFloat16;
  return std::make_unique<loaded_model>(
      loaded_model{tokenizer(file.vocabulary), std::move(chat), decoder(file, dtype, device), std::move(identity)});
}

} // namespace avp
