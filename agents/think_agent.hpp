// The kind "think": reads its prompt, makes latent steps, hands the context over.
#pragma once

#include "agents/agent.hpp"

namespace avp {

/// Decodes nothing unless its text is needed (text mode, or a successor with another model); then it answers.
class think_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override;
};

} // namespace avp
