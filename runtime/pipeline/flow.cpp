// The graph of agents that a pipeline's `flow` describes.
#include "runtime/pipeline/flow.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "agents/prompt_template.hpp"

namespace avp {
namespace {

/// Beyond this a flow is a slip (or an attack), and the checks, which are quadratic, would take long.
constexpr std::size_t most_edges = 4096;

struct named_place {
  std::string name;
  flow_place place;
};

/// Reads one string of the flow into its groups: `a -> b, c` gives {a}, {b, c}.
class chain_reader {
public:
  chain_reader(std::string_view text, std::size_t chain, std::vector<flow_mistake>& mistakes)
      : text_(text),
        chain_(chain),
        mistakes_(mistakes) {}

  /// Nothing where the string has a syntax error.
  std::optional<std::vector<std::vector<named_place>>> read() {
    std::vector<std::vector<named_place>> groups(1);
    while (true) {
      const auto name = read_name();
      if (!name)
        return {};
      groups.back().push_back(*name);
      skip_blanks();
      if (at_ == text_.size())
        return groups;
      if (text_.substr(at_, 2) == "->") {
        at_ += 2;
        groups.emplace_back();
      } else if (text_[at_] == ',') {
        ++at_;
      } else {
        return mistake("expected \"->\" or \",\" after \"" + name->name + "\"");
      }
    }
  }

private:
  void skip_blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }

  std::nullopt_t mistake(const std::string& message) {
    mistakes_.push_back({{chain_, at_}, message + R"(; a flow is written "a -> b -> c" or "a -> b, c -> d")"});
    return std::nullopt;
  }

  std::optional<named_place> read_name() {
    skip_blanks();
    const auto begin = at_;
    auto end = at_;
    while (end < text_.size() && text_.substr(end, 2) != "->" && is_template_name("a" + std::string(1, text_[end])))
      ++end;
    const auto name = text_.substr(begin, end - begin);
    if (name.empty())
      return mistake(begin == text_.size() ? "expected the name of an agent, but the string ends"
                                           : "expected the name of an agent");
    if (!is_template_name(name))
      return mistake("\"" + std::string(name) +
                     "\" cannot be an agent's name (a letter or _, then letters, digits, _ and -)");
    at_ = end;
    return named_place{std::string(name), {chain_, begin}};
  }

  std::string_view text_;
  std::size_t chain_;
  std::vector<flow_mistake>& mistakes_;
  std::size_t at_ = 0;
};

/// Topological order without the edges in `ignored` (Kahn 1962), taking the earliest named agent that is free.
std::vector<std::string> order_without(const flow& graph, const std::set<std::size_t>& ignored) {
  std::map<std::string, std::size_t> index;
  for (const auto& agent : graph.agents())
    index.emplace(agent, index.size());
  std::vector<std::size_t> waits_for(index.size());
  std::vector<std::vector<std::size_t>> next(index.size());
  for (std::size_t e = 0; e < graph.edges().size(); ++e)
    if (!ignored.contains(e)) {
      const auto to = index.at(graph.edges()[e].to);
      next[index.at(graph.edges()[e].from)].push_back(to);
      ++waits_for[to];
    }
  std::set<std::size_t> free;
  for (std::size_t i = 0; i < waits_for.size(); ++i)
    if (waits_for[i] == 0)
      free.insert(i);
  std::vector<std::string> order;
  while (!free.empty()) {
    const auto agent = *free.begin();
    free.erase(free.begin());
    order.push_back(graph.agents()[agent]);
    for (const auto successor : next[agent])
      if (--waits_for[successor] == 0)
        free.insert(successor);
  }
  return order;
}

/// Some cycle among the edges that are not ignored, as edge indices in the order walked; empty where there is none.
std::vector<std::size_t> find_cycle(const flow& graph, const std::set<std::size_t>& ignored) {
  const auto ordered = order_without(graph, ignored);
  const std::set<std::string> sorted(ordered.begin(), ordered.end());
  // Everyone outside the order has a predecessor outside it, so walking back must come round.
  std::map<std::string, std::size_t> edge_into;
  for (std::size_t e = 0; e < graph.edges().size(); ++e)
    if (!ignored.contains(e) && !sorted.contains(graph.edges()[e].from))
      edge_into.emplace(graph.edges()[e].to, e);
  if (edge_into.empty())
    return {};
  std::vector<std::size_t> walked;
  std::map<std::string, std::size_t> seen_at;
  auto agent = graph.edges()[edge_into.begin()->second].from;
  while (!seen_at.contains(agent)) {
    seen_at.emplace(agent, walked.size());
    walked.push_back(edge_into.at(agent));
    agent = graph.edges()[walked.back()].from;
  }
  std::vector<std::size_t> cycle(walked.begin() + static_cast<std::ptrdiff_t>(seen_at.at(agent)), walked.end());
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

void report_cycles(const flow& graph, std::vector<flow_mistake>& mistakes) {
  constexpr int most_cycles = 8;
  std::set<std::size_t> ignored;
  for (int i = 0; i < most_cycles; ++i) {
    auto cycle = find_cycle(graph, ignored);
    if (cycle.empty())
      return;
    // It begins after the edge that is written last: the one that closes it for a reader.
    const auto last = std::max_element(cycle.begin(), cycle.end());
    const auto closing = *last;
    std::rotate(cycle.begin(), last + 1, cycle.end());
    auto way = graph.edges()[cycle.front()].from;
    for (const auto edge : cycle)
      way += " -> " + graph.edges()[edge].to;
    mistakes.push_back({graph.edges()[closing].place, "the flow goes round in a cycle: " + way});
    ignored.insert(closing);
  }
}

} // namespace

flow flow::parse(const std::vector<std::string>& chains, std::vector<flow_mistake>& mistakes) {
  flow graph;
  for (std::size_t c = 0; c < chains.size(); ++c) {
    const auto groups = chain_reader(chains[c], c, mistakes).read();
    if (!groups)
      continue;
    for (const auto& agent : groups->front())
      graph.add_agent(agent.name, agent.place);
    for (std::size_t g = 1; g < groups->size(); ++g)
      for (const auto& from : (*groups)[g - 1])
        for (const auto& to : (*groups)[g]) {
          if (graph.edges_.size() == most_edges) {
            mistakes.push_back({to.place, "a flow can have at most " + std::to_string(most_edges) + " hand-overs"});
            return graph;
          }
          if (!graph.add_edge({from.name, to.name, to.place}, from.place))
            mistakes.push_back(
                {to.place, "the hand-over " + from.name + " -> " + to.name + " is there already; write it once"});
        }
  }
  report_cycles(graph, mistakes);
  return graph;
}

void flow::add_agent(const std::string& name, const flow_place& place) {
  if (std::find(agents_.begin(), agents_.end(), name) != agents_.end())
    return;
  agents_.push_back(name);
  places_.push_back(place);
}

bool flow::add_edge(const flow_edge& edge, const flow_place& from_place) {
  add_agent(edge.from, from_place);
  add_agent(edge.to, edge.place);
  const auto same = [&](const flow_edge& e) { return e.from == edge.from && e.to == edge.to; };
  if (std::any_of(edges_.begin(), edges_.end(), same))
    return false;
  edges_.push_back(edge);
  return true;
}

std::vector<std::string> flow::predecessors(std::string_view agent) const {
  std::vector<std::string> result;
  for (const auto& edge : edges_)
    if (edge.to == agent)
      result.push_back(edge.from);
  return result;
}

std::vector<std::string> flow::successors(std::string_view agent) const {
  std::vector<std::string> result;
  for (const auto& edge : edges_)
    if (edge.from == agent)
      result.push_back(edge.to);
  return result;
}

std::vector<std::string> flow::ancestors(std::string_view agent) const {
  std::set<std::string> found;
  std::vector<std::string> open = predecessors(agent);
  while (!open.empty()) {
    const auto next = std::move(open.back());
    open.pop_back();
    if (!found.insert(next).second)
      continue;
    for (auto& before : predecessors(next))
      open.push_back(std::move(before));
  }
  std::vector<std::string> result;
  for (auto& name : topological_order())
    if (found.contains(name))
      result.push_back(std::move(name));
  return result;
}

std::vector<std::string> flow::sinks() const {
  std::vector<std::string> result;
  for (const auto& agent : agents_)
    if (successors(agent).empty())
      result.push_back(agent);
  return result;
}

std::vector<std::string> flow::topological_order() const { return order_without(*this, {}); }

} // namespace avp
