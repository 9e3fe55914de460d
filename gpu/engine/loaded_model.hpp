// A model ready to run: weights, tokenizer, chat template, identity.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "gpu/cache/kv_context.hpp"
#include "gpu/device_config.hpp"
#include "gpu/model/decoder.hpp"
#include "gpu/sampling.hpp"
#include "gpu/text/chat_template.hpp"
#include "gpu/text/tokenizer.hpp"

namespace avp {

/// Everything that the engine needs of one model.
struct loaded_model {
  std::string name;   ///< In the device's configuration.
  std::string source; ///< There too: a name of the catalogue or a path.
  avp::tokenizer tokenizer;
  avp::chat_template chat_template;
  decoder network;
  std::shared_ptr<const model_fingerprint> identity;
  weight_format format = weight_format::bfloat16; ///< How the weights are kept.
  bool special_tokens_in_text = false;            ///< Whether special tokens count in data, too.
  said_sampling sampling;                         ///< Where a request says nothing else.

  /// What it reads of `messages`, with the beginning of its answer. Throws std::invalid_argument for
  /// unknown roles, and where the chat template refuses them.
  [[nodiscard]] std::vector<std::int32_t> tokens_of(std::span<const chat_message> messages) const;
};

/// Opens and loads a model. Throws model_error.
[[nodiscard]] std::unique_ptr<loaded_model> load_model(model_spec spec, at::Device device);

} // namespace avp
