// A context that lies on another node, as node zero knows it.
#include "runtime/node/remote_context.hpp"

#include <stdexcept>

namespace avp {

remote_context::remote_context(context_holder holder, context_facts facts,
                               std::vector<std::shared_ptr<const void>> inputs,
                               std::function<void(const context_holder&)> dropped)
    : holder_(std::move(holder)),
      facts_(std::move(facts)),
      inputs_(std::move(inputs)),
      dropped_(std::move(dropped)) {}

remote_context::~remote_context() {
  if (!holder_.node.empty())
    dropped_(holder_);
}

void remote_context::write(std::uint64_t /*offset*/, std::span<std::byte> /*out*/) const {
  throw std::logic_error("the context lies on node '" + holder_.node + "' and has no bytes here");
}

const remote_context* remote_in(const payload& from) { return dynamic_cast<const remote_context*>(from.body.get()); }

} // namespace avp
