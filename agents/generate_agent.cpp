// Answering.
#include "agents/generate_agent.hpp"

namespace avp {

eventually<output> generate_agent::run(avp::hop& hop) {
  auto answer = co_await hop.generate();
  co_return output{std::move(answer.text), std::move(answer.context)};
}

} // namespace avp
