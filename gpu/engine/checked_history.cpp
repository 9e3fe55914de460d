// Checks of every hop that a recipe goes back to.
#include "gpu/engine/checked_history.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>

#include "gpu/device_error.hpp"

namespace avp {

namespace {

void check_hop(const recipe& hop, const model_fingerprint& model) {
  const auto& config = model.config;
  const std::string cannot = "a context can't be made by its recipe: ";
  if (hop.weights_digest != model.weights_digest)
    throw request_error(error_code::context_mismatch,
                        cannot + "it was made with other weights than those of '" + config.name + "'");
  if (hop.numerics != model.numerics)
    throw request_error(error_code::context_mismatch, cannot + "it was made with \"" + hop.numerics +
                                                          "\" and the model runs with \"" + model.numerics +
                                                          "\", which gives other bits");
  if (!hop.imported.empty())
    throw request_error(error_code::bad_request,
                        cannot + "it goes back to bytes that came from outside; the sender has to send them again");
  try {
    hop.check();
  } catch (const std::runtime_error& error) {
    throw request_error(error_code::bad_request, cannot + error.what());
  }
  if (hop.tokens() == 0)
    throw request_error(error_code::bad_request, cannot + "it has no positions");
  if (hop.tokens() > config.max_positions)
    throw request_error(error_code::context_too_long, cannot + "it has " + std::to_string(hop.tokens()) +
                                                          " tokens, and model '" + config.name + "' allows " +
                                                          std::to_string(config.max_positions));
  const auto width = hop.injected.vectors.empty() ? config.hidden_size
                                                  : static_cast<std::int64_t>(hop.injected.vectors.front().size());
  if (width != config.hidden_size)
    throw request_error(error_code::context_mismatch, cannot + "it has vectors of " + std::to_string(width) +
                                                          " numbers, and those of model '" + config.name + "' have " +
                                                          std::to_string(config.hidden_size));
  const auto unknown = [&](std::int32_t token) { return token < 0 || token >= config.vocab_size; };
  if (std::ranges::any_of(hop.prompt, unknown) || std::ranges::any_of(hop.generated, unknown))
    throw request_error(error_code::bad_request, cannot + "it has a token that model '" + config.name + "' has not");
}

} // namespace

void check_history(const std::shared_ptr<const recipe>& history, const model_fingerprint& model) {
  if (!history)
    throw request_error(error_code::bad_request, "a context can't be made without a recipe");
  std::set<const recipe*> seen{history.get()};
  std::vector<const recipe*> open{history.get()};
  while (!open.empty()) {
    const auto& hop = *open.back();
    open.pop_back();
    for (const auto& parent : hop.parents)
      if (seen.insert(parent.get()).second)
        open.push_back(parent.get());
    check_hop(hop, model);
  }
}

} // namespace avp
