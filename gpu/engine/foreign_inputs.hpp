// Inputs of one model that are made of what other models would say.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "gpu/engine/loaded_model.hpp"
#include "gpu/model/projector.hpp"
#include "gpu/request.hpp"
#include "gpu/text/shared_tokens.hpp"

namespace avp {

/// Knows which tokens its model shares with each other one that it met. For the device's thread.
class foreign_inputs {
public:
  /// Reads the model's whole input table.
  explicit foreign_inputs(const loaded_model& model);

  /// Scores as the projector takes them; they refer to the request and to this. The first ones of a model have its
  /// vocabulary compared, which takes some tenths of a second. Throws request_error when no token is shared.
  [[nodiscard]] source_scores read(const project& asked);

  [[nodiscard]] std::vector<projected_input> projected(std::span<const source_scores> sources) const {
    return projector_.project(sources);
  }

private:
  const loaded_model& model_;
  projector projector_;
  std::map<std::pair<std::shared_ptr<const tokenizer>, pairing>, shared_tokens> shared_;
};

} // namespace avp
