// A pipeline's flow as a picture: Graphviz DOT.
#include <algorithm>

#include <avp/runtime/dot.hpp>

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

} // namespace

std::string to_dot(const pipeline& p, const plan& planned) {
  std::string dot = "digraph " + dot_string(p.name) + " {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const auto& agent : planned.agents) {
    const auto& model = p.agent(agent.name).model;
    const auto label = agent.name + "\n" + agent.kind + (model.empty() ? "" : "\n" + model);
    dot += "  " + dot_string(agent.name) + " [label=" + dot_string(label);
    dot += agent.name == planned.output ? ", peripheries=2];\n" : "];\n";
  }
  for (const auto& edge : planned.edges)
    dot += "  " + dot_string(edge.from) + " -> " + dot_string(edge.to) +
           " [label=" + (edge.how == hand_over::context ? "\"context\"" : "\"text\"") + "];\n";
  for (const auto& agent : planned.agents) {
    const auto is_edge = [&](const planned_edge& e) { return e.to == agent.name && e.from == agent.context_from; };
    if (agent.context_from && std::none_of(planned.edges.begin(), planned.edges.end(), is_edge))
      dot += "  " + dot_string(*agent.context_from) + " -> " + dot_string(agent.name) +
             " [label=\"continues\", style=dashed, constraint=false];\n";
  }
  return dot + "}\n";
}

} // namespace avp
