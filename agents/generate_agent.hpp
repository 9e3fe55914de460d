// The kind "generate": reads its prompt and decodes an answer.
#pragma once

#include "agents/agent.hpp"

namespace avp {

/// Hands over both its text and the context that holds its answer.
class generate_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override;
};

} // namespace avp
