// What a model would say next, with the vocabulary in which it would.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace avp {

class tokenizer;

/// The scores of the token behind the last position of a context. They never change; safe to hold on any thread.
struct vocabulary_scores {
  std::string model;                       ///< Name of the model in its device's configuration.
  std::string recipe;                      ///< Id of the context's recipe.
  std::shared_ptr<const tokenizer> tokens; ///< Which token each row of the head is; rows of padding follow.
  std::vector<float> values;               ///< One for each row of the model's head.
  double hidden_state_norm = 0;            ///< Of the state that was scored.
};

} // namespace avp
