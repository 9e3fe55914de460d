// Vocabularies are compared once for each pair of models.
#include "gpu/engine/foreign_inputs.hpp"

#include "gpu/device_error.hpp"

namespace avp {

foreign_inputs::foreign_inputs(const loaded_model& model) : model_(model), projector_(model.network.projector_onto()) {}

source_scores foreign_inputs::read(const project& asked) {
  const auto& from = *asked.scores;
  const auto [place, is_new] = shared_.try_emplace({from.tokens, asked.pairing});
  if (is_new)
    place->second = shared_between(*from.tokens, model_.tokenizer, asked.pairing);
  if (place->second.ids.empty())
    throw request_error(error_code::bad_request,
                        "nothing can be projected from model '" + from.model + "' onto model '" + model_.name +
                            "': their vocabularies have no token in common; hand over text (cross_model = \"text\")");
  return {from.values, &place->second, asked.pairing, asked.temperature, from.hidden_state_norm};
}

} // namespace avp
