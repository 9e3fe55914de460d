// A context that lies on another node, as node zero knows it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gpu/context.hpp"
#include "runtime/node/context_holder.hpp"

namespace avp {

/// What the holder told of a context.
struct context_facts {
  std::shared_ptr<const recipe> history;
  std::uint64_t bytes = 0; ///< Size of its KV message's body.
  metadata described;
};

/// Stands for a context of another node in payloads of node zero. Its bytes are not here.
class remote_context final : public context {
public:
  /// `inputs` are what it was made from; they are held as long as it is, so that a node that has them gets only what is
  /// new of it. `dropped` is called when nobody holds it any more, on any thread.
  remote_context(context_holder holder, context_facts facts, std::vector<std::shared_ptr<const void>> inputs,
                 std::function<void(const context_holder&)> dropped);
  ~remote_context() override;
  remote_context(const remote_context&) = delete;
  remote_context& operator=(const remote_context&) = delete;

  [[nodiscard]] const context_holder& holder() const { return holder_; }
  [[nodiscard]] std::int64_t tokens() const override { return facts_.history->tokens(); }
  [[nodiscard]] const std::shared_ptr<const recipe>& history() const override { return facts_.history; }

  /// Empty: nothing of it is here.
  [[nodiscard]] std::vector<float> last_hidden_state() const override { return {}; }
  [[nodiscard]] metadata describe() const override { return facts_.described; }
  [[nodiscard]] std::uint64_t size() const override { return facts_.bytes; }

  /// Throws std::logic_error: its bytes travel between nodes, and not by way of this object.
  void write(std::uint64_t offset, std::span<std::byte> out) const override;

private:
  context_holder holder_;
  context_facts facts_;
  std::vector<std::shared_ptr<const void>> inputs_;
  std::function<void(const context_holder&)> dropped_;
};

/// Null where the payload is none of another node.
[[nodiscard]] const remote_context* remote_in(const payload& from);

} // namespace avp
