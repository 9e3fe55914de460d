// Checks of a slice before it is read.
#include "gpu/engine/checked_slice.hpp"

#include <array>
#include <span>
#include <string>

#include "gpu/cache/context_slice.hpp"
#include "gpu/device_error.hpp"
#include "gpu/kernels/finite.hpp"

namespace avp {

namespace {

request_error refusal(const std::string& why) {
  return {error_code::context_mismatch, "a slice of a context is refused: " + why};
}

void check_names(const metadata& meta, const recipe& history, const model_fingerprint& model) {
  const auto said = [&](const char* key) {
    const auto found = meta.extra.find(key);
    return found == meta.extra.end() ? std::string("none") : found->second;
  };
  if (said("weights_digest") != model.weights_digest)
    throw refusal("it was made with weights of digest " + said("weights_digest") + ", and model '" + model.config.name +
                  "' has " + model.weights_digest);
  if (said("recipe") != history.id())
    throw refusal("it is of the context " + said("recipe") + ", and " + history.id() + " is wanted");
  if (meta.dtype != model.kv_dtype)
    throw refusal("its elements are " + std::string(name_of(meta.dtype)) + ", and the cache of model '" +
                  model.config.name + "' holds " + std::string(name_of(model.kv_dtype)) +
                  "; give both models the same kv_dtype");
}

} // namespace

void check_slice(const adopt& asked, std::int64_t begin, const model_fingerprint& model) {
  if (!asked.slice.body)
    throw request_error(error_code::bad_request, "a context can't be adopted without a slice of it");
  const auto& meta = asked.slice.meta;
  check_names(meta, *asked.history, model);
  const auto first = first_position_of(meta);
  if (!first)
    throw refusal("it does not say at which position it begins");
  const auto count = kv_payload_tokens(asked.slice, model), end = asked.history->tokens();
  if (*first != begin || *first + count != end)
    throw refusal("it holds positions " + std::to_string(*first) + " to " + std::to_string(*first + count) + ", and " +
                  std::to_string(begin) + " to " + std::to_string(end) + " are missing here");
  const auto state = hidden_state_of(meta);
  if (state.size() != static_cast<std::size_t>(model.config.hidden_size))
    throw refusal("it comes without the last hidden state, so nothing could go on from it");
  if (!all_finite(std::span(state)))
    throw refusal("its last hidden state has infinities or NaN: it is damaged, or the model of its sender is");
}

} // namespace avp
