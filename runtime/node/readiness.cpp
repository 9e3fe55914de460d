// Tells a run that waits for its nodes when it can begin, or why it can't.
#include "runtime/node/readiness.hpp"

#include <utility>

namespace avp {

void readiness::wait(answer tell, clock::time_point until) {
  tell_ = std::move(tell);
  until_ = until;
}

void readiness::update(const cluster_nodes& nodes, const cluster_models& models, clock::time_point now) {
  if (!tell_)
    return;
  nodes_ready outcome;
  for (const auto& [name, node] : nodes.all()) {
    if (node.stage == node_stage::ready)
      continue;
    const bool is_out_of_reach = !node.is_talking() && now >= until_;
    if (node.missing.empty() && !is_out_of_reach)
      return;
    if (node.missing.empty())
      outcome.problems.push_back("node '" + name + "': " + node.problem);
    for (const auto& what : node.missing)
      outcome.problems.push_back("node '" + name + "': " + what);
  }
  outcome.models = models.all();
  tell(std::move(outcome));
}

void readiness::fail(const std::string& why) {
  if (tell_)
    tell({.problems = {why}, .models = {}});
}

void readiness::tell(nodes_ready outcome) { std::exchange(tell_, nullptr)(std::move(outcome)); }

} // namespace avp
