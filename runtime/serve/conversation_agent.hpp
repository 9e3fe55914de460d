// The agent through which a bare model is asked: it answers what a client wrote, as it stands.
#pragma once

#include "agents/agent.hpp"

namespace avp {

/// The name of its kind. No pipeline file names it: what it reads comes from clients of avp-serve.
inline constexpr auto conversation_kind = "avp-serve: a client's conversation";

/// Reads one of these fields of its task: `messages`, a JSON list of objects with role and content, written by the
/// model's chat template; `prompt`, a text that is read as it is, special tokens included; `tokens`, a JSON list of
/// their ids.
class conversation_agent : public agent {
public:
  eventually<output> run(avp::hop& hop) override;
};

} // namespace avp
