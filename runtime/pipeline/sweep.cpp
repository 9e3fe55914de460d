// Copies of an agent, and the flow through them.
#include "runtime/pipeline/sweep.hpp"

#include "runtime/pipeline/earlier_texts.hpp"

namespace avp {
namespace {

using name_list = std::vector<std::string>;

name_list copies_of(const std::string& name, std::int64_t count) {
  name_list all;
  for (std::int64_t i = 1; i <= count; ++i)
    all.push_back(name + "_" + std::to_string(i));
  return all;
}

/// `base` with `copies` in place of the agent `name`, in a row or side by side.
flow with_copies(const flow& base, const std::string& name, const name_list& copies, bool in_a_row) {
  flow result;
  const auto connect = [&](const std::string& from, const std::string& to) { result.add_edge({from, to, {}}, {}); };
  for (const auto& agent : base.agents())
    for (const auto& one : agent == name ? copies : name_list{agent})
      result.add_agent(one, {});
  const bool ends_only = in_a_row && !copies.empty();
  const auto entries = ends_only ? name_list{copies.front()} : copies;
  const auto exits = ends_only ? name_list{copies.back()} : copies;
  for (const auto& edge : base.edges())
    for (const auto& from : edge.from == name ? exits : name_list{edge.from})
      for (const auto& to : edge.to == name ? entries : name_list{edge.to})
        connect(from, to);
  for (std::size_t i = 1; in_a_row && i < copies.size(); ++i)
    connect(copies[i - 1], copies[i]);
  if (copies.empty())
    for (const auto& from : base.predecessors(name))
      for (const auto& to : base.successors(name))
        connect(from, to);
  return result;
}

} // namespace

std::int64_t copies_at(const pipeline& p, std::int64_t n) {
  return p.sweep->over == sweep_over::hops ? n - static_cast<std::int64_t>(p.agents.size()) + 1 : n;
}

pipeline at_size(const pipeline& p, std::int64_t n) {
  auto sized = p;
  if (p.sweep->over != sweep_over::prompt_tokens) {
    const auto copies = copies_of(p.sweep->repeat, copies_at(p, n));
    sized.flow = with_copies(p.flow, p.sweep->repeat, copies, p.sweep->over == sweep_over::hops);
    sized.agents.clear();
    for (const auto& agent : p.agents)
      for (const auto& name : agent.name == p.sweep->repeat ? copies : name_list{agent.name}) {
        sized.agents.push_back(agent);
        sized.agents.back().name = name;
      }
  }
  expand_earlier(sized);
  return sized;
}

} // namespace avp
