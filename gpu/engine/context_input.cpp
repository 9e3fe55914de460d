// Finds out whose a given context is, and by what recipe it goes.
#include "gpu/engine/context_input.hpp"

#include <stdexcept>

#include "gpu/device_error.hpp"
#include "transport/sha256.hpp"

namespace avp {

namespace {

// A sender that says nothing of its model can only be checked by shape.
void check_identity(const metadata& meta, const model_fingerprint& model) {
  const auto differs = [&](const char* key, const std::string& ours) {
    auto theirs = meta.extra.find(key);
    return theirs != meta.extra.end() && theirs->second != ours;
  };
  const bool has_digest = meta.extra.contains("weights_digest");
  if (has_digest ? differs("weights_digest", model.weights_digest) : differs("model_hash", model.model_hash))
    throw request_error(error_code::context_mismatch,
                        "the context was made by model '" + meta.model_id + "' with other weights than those of '" +
                            model.config.name + "'; a context can be continued only by the model that made it");
}

std::string bytes_of(const payload& message) {
  std::string bytes(message.body->size(), '\0');
  try {
    message.body->write(0, std::as_writable_bytes(std::span(bytes)));
  } catch (const std::runtime_error& error) { // another device took its memory back
    throw request_error(error_code::context_mismatch, std::string("the context can't be read: ") + error.what());
  }
  return bytes;
}

std::shared_ptr<const recipe> imported_recipe(const payload& message, const model_fingerprint& model) {
  recipe history;
  history.weights_digest = model.weights_digest;
  history.numerics = model.numerics;
  history.imported_tokens = kv_payload_tokens(message, model);
  history.imported = sha256_hex(bytes_of(message));
  return recipe::frozen(std::move(history));
}

} // namespace

context_input open_context(const payload& message, const model_fingerprint& model, const block_pool& pool) {
  const auto local = std::dynamic_pointer_cast<const kv_context>(message.body);
  if (local && &local->pool() == &pool)
    return {message, local, local->history(), local->origins()};
  check_identity(local ? local->describe() : message.meta, model);
  auto history = imported_recipe(message, model);
  const auto name = history->imported;
  return {message, nullptr, std::move(history), {{name, message}}};
}

} // namespace avp
