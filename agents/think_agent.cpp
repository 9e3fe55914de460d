// Thinking.
#include "agents/think_agent.hpp"

namespace avp {

eventually<output> think_agent::run(avp::hop& hop) {
  if (hop.makes_text()) {
    auto answer = co_await hop.generate();
    co_return output{std::move(answer.text), std::move(answer.context)};
  }
  auto thought = co_await hop.think();
  co_return output{"", std::move(thought.context)};
}

} // namespace avp
