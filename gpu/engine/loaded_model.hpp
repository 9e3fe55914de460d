// A model ready to run: weights, tokenizer, chat template, identity.
#pragma once

#include <memory>

#include <avp/gpu/cache/kv_context.hpp>
#include <avp/gpu/device_config.hpp>
#include <avp/gpu/model/decoder.hpp>
#include <avp/gpu/text/chat_template.hpp>
#include <avp/gpu/text/tokenizer.hpp>

namespace avp {

/// Everything that the engine needs of one model.
struct loaded_model {
  std::string name; ///< In the device's configuration.
  avp::tokenizer tokenizer;
  avp::chat_template chat_template;
  decoder network;
  std::shared_ptr<const model_identity> identity;
};

/// Opens and loads a model. Throws model_error.
[[nodiscard]] std::unique_ptr<loaded_model> load_model(model_spec spec, at::Device device);

} // namespace avp
