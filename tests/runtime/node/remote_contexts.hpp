// Recipes and contexts of other nodes that no device made.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/node/kept_contexts.hpp"
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

/// A context that tells its history once. After that it throws.
class forgetful_context final : public context {
public:
  explicit forgetful_context(std::shared_ptr<const recipe> history) : history_(std::move(history)) {}

  [[nodiscard]] std::int64_t tokens() const override { return history_->tokens(); }
  [[nodiscard]] const std::shared_ptr<const recipe>& history() const override {
    if (std::exchange(told_, true))
      throw std::runtime_error("its history is forgotten");
    return history_;
  }
  [[nodiscard]] std::vector<float> last_hidden_state() const override { return {}; }
  [[nodiscard]] metadata describe() const override { return {}; }
  [[nodiscard]] std::uint64_t size() const override { return 0; }
  void write(std::uint64_t /*offset*/, std::span<std::byte> /*out*/) const override {}

private:
  std::shared_ptr<const recipe> history_;
  mutable bool told_ = false;
};

/// Has contexts that continue on one of this history end the gatherer that gathers them.
inline void keep_forgetful(kept_contexts& kept, const std::shared_ptr<const recipe>& history) {
  kept.keep({{}, std::make_shared<const forgetful_context>(history)});
}

} // namespace avp::test
