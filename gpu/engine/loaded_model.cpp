// Loading a model onto a device.
#include <avp/gpu/engine/loaded_model.hpp>

#include <avp/gpu/model/catalogue.hpp>

namespace avp {

std::unique_ptr<loaded_model> load_model(const model_spec& spec, at::Device device) {
  auto file = open_model(resolve_model(spec.source));
  auto chat = spec.chat_template.empty() ? detect_chat_template(file.vocabulary)
                                         : chat_template_by_name(spec.chat_template);
  auto identity = std::make_shared<model_identity>();
  identity->config = file.config;
  identity->model_hash = spec.model_hash.empty() ? file.model_hash : spec.model_hash;
  identity->weights_digest = file.weights_digest;
  identity->dtype = spec.dtype;
  const auto dtype = spec.dtype == data_type::float32 ? at::kFloat : at::kBFloat16;
  return std::make_unique<loaded_model>(loaded_model{tokenizer(std::move(file.vocabulary)), std::move(chat),
                                                     decoder(file, dtype, device), std::move(identity)});
}

} // namespace avp
