// An agent of one's own: it checks the arithmetic in the text it gets and hands on the checked text.
#pragma once

#include "arithmetic.hpp"
#include <avp/agents/agent.hpp>

namespace calculator {

class calculator_agent : public avp::agent {
public:
  avp::eventually<avp::output> run(avp::hop& hop) override {
    // What came: the texts of the agents before it, or its own prompt where it is the first.
    auto text = hop.incoming_text();
    if (text.empty())
      text = hop.messages().back().content.text();

    const auto checked = check_arithmetic(text);

    // In latent mode the next agent continues on a context, so what was found must be read into it.
    if (hop.context().body)
      co_await hop.think("The arithmetic was checked. The right sums: " + checked.text, 0);

    co_return avp::output{checked.text, hop.context()};
  }
};

} // namespace calculator
