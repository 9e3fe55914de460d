// Which keys of an agent are templates.
#include "runtime/pipeline/agent_templates.hpp"

namespace avp {

std::vector<agent_template> templates_of(const agent_spec& agent, const pipeline_source& source) {
  std::vector<agent_template> all;
  const auto add = [&](const std::string& key, const std::string& text) {
    all.push_back({key, source.path_of(agent.name, key), text});
  };
  add("system", agent.system);
  add("prompt", agent.prompt);
  if (agent.text_prompt)
    add("text_prompt", *agent.text_prompt);
  if (agent.direct_prompt)
    add("direct_prompt", *agent.direct_prompt);
  return all;
}

} // namespace avp
