// The templates of an agent, and where each stands in the file: internal to the loader.
#pragma once

#include <string>
#include <vector>

#include "agents/agent_spec.hpp"
#include "runtime/pipeline/pipeline_source.hpp"

namespace avp {

/// A template that is filled from the record and from texts of other agents.
struct agent_template {
  std::string key;  ///< `direct_prompt`
  std::string path; ///< `agent.judge.direct_prompt`, or `defaults.direct_prompt`.
  std::string text;
};

/// All that the agent has; those of its kind's options are not among them.
[[nodiscard]] std::vector<agent_template> templates_of(const agent_spec& agent, const pipeline_source& source);

} // namespace avp
