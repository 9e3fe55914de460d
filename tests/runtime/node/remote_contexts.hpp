// Recipes and contexts of other nodes that no device made.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/node/remote_context.hpp"

namespace avp::test {

/// A hop's recipe that differs from others by one token of its prompt.
inline std::shared_ptr<const recipe> recipe_with(std::int32_t token,
                                                 std::vector<std::shared_ptr<const recipe>> parents = {}) {
  recipe draft;
  draft.weights_digest = "w";
  draft.numerics = "n";
  draft.parents = std::move(parents);
  draft.prompt = {token};
  return recipe::frozen(std::move(draft));
}

/// A context that a node holds.
inline payload held_by(const context_holder& holder, const std::shared_ptr<const recipe>& history) {
  return {{},
          std::make_shared<const remote_context>(holder, context_facts{history, 0, {}},
                                                 std::vector<std::shared_ptr<const void>>(),
                                                 [](const context_holder&) {})};
}

} // namespace avp::test
