// A pipeline's flow as a picture: Graphviz DOT.
#include "runtime/pipeline/dot.hpp"

#include <algorithm>

namespace avp {
namespace {

/// A DOT string: quotes and backslashes escaped, line breaks as DOT writes them.
std::string dot_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '\n') {
      result += "\\n";
      continue;
    }
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "\"";
}

/// What stands in an agent's box.
std::string label_of(const agent_spec& spec, const planned_agent& agent, mode m) {
  auto label = agent.name + "\n" + agent.kind;
  if (!spec.model.empty())
    label += "\n" + spec.model;
  if (agent.contexts_from.size() > 1)
    label += "\nmerge: " + std::string(name_of(spec.merge));
  if (m == mode::latent && spec.keep != keep::all)
    label += "\nkeep: " + std::string(name_of(spec.keep));
  return label;
}

} // namespace

std::string to_dot(const pipeline& p, const plan& planned) {
  std::string dot = "digraph " + dot_string(p.name) + " {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const auto& agent : planned.agents) {
    dot += "  " + dot_string(agent.name) + " [label=" + dot_string(label_of(p.agent(agent.name), agent, planned.mode));
    if (agent.may_fail)
      dot += ", style=\"rounded,dashed\"";
    dot += agent.answers_task ? ", peripheries=2];\n" : "];\n";
  }
  for (const auto& edge : planned.edges)
    dot += "  " + dot_string(edge.from) + " -> " + dot_string(edge.to) + " [label=" + dot_string(name_of(edge.how)) +
           "];\n";
  for (const auto& agent : planned.agents)
    for (const auto& from : agent.contexts_from) {
      const auto is_edge = [&](const planned_edge& e) { return e.to == agent.name && e.from == from; };
      if (std::none_of(planned.edges.begin(), planned.edges.end(), is_edge))
        dot += "  " + dot_string(from) + " -> " + dot_string(agent.name) +
               " [label=\"continues\", style=dashed, constraint=false];\n";
    }
  return dot + "}\n";
}

} // namespace avp
