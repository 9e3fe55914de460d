// Thinking.
#include "agents/think_agent.hpp"

namespace avp {

eventually<output> think_agent::run(avp::hop& hop) {
  const auto note = hop.spec().note;
  if (hop.makes_text() && note == 0) {
    auto answer = co_await hop.generate();
    co_return output{std::move(answer.text), std::move(answer.context)};
  }
  auto thought = co_await hop.think();
  if (note == 0)
    co_return output{"", std::move(thought.context)};
  auto request = hop.request({}); // goes on from the last step
  request.max_new_tokens = note;
  auto written = co_await hop.generate(std::move(request));
  co_return output{std::move(written.text), std::move(written.context)};
}

} // namespace avp
