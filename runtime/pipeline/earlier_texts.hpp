// {{earlier}} in prompts: the texts of all agents that come before.
#pragma once

#include "runtime/pipeline/pipeline.hpp"

namespace avp {

/// The name of that variable, which no agent can have.
inline constexpr std::string_view earlier_variable = "earlier";

/// Puts into every `{{earlier}}` the variables of all agents before the prompt's own, in topological order, each under
/// its agent's name and with an empty line between two of them: "planner:\n{{planner}}". The flow must have no cycle; a
/// template that does not parse stays as it is, and so does a direct_prompt, before which nobody runs.
void expand_earlier(pipeline& p);

} // namespace avp
