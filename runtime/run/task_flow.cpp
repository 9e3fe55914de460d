// The rules by which a task goes on.
#include <algorithm>
#include <utility>

#include <avp/gpu/context.hpp>
#include <avp/runtime/run/task_flow.hpp>
#include <avp/transport/message.hpp>

namespace avp {

namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

handed_over weight_of(const payload& handed) {
  handed_over weight;
  if (const auto* here = dynamic_cast<const context*>(handed.body.get())) {
    weight.context_tokens = here->tokens();
    weight.context_bytes = encoded_size(handed.meta, here->size());
  }
  return weight;
}

} // namespace

std::vector<flow_station> stations_of(const plan& planned, const pipeline& p) {
  std::vector<flow_station> stations;
  for (const auto& agent : planned.agents) {
    flow_station at{.plan = agent, .answers_task = agent.name == planned.output};
    at.may_fail = !at.answers_task && p.agent(agent.name).on_failure == on_failure::skip;
    for (const auto& edge : planned.edges) {
      if (edge.to == agent.name)
        at.from.push_back(edge.from);
      if (edge.from == agent.name)
        at.to.push_back(edge.to);
    }
    for (const auto& other : planned.agents)
      at.readers += contains(other.contexts_from, agent.name) ? 1 : 0;
    stations.push_back(std::move(at));
  }
  return stations;
}

task_flow::task_flow(const std::vector<flow_station>& stations) : stations_(stations) {
  for (const auto& at : stations_)
    unread_[at.plan.name] = at.readers;
}

bool task_flow::is(const std::string& agent, state expected) const {
  const auto known = states_.find(agent);
  return known != states_.end() && known->second == expected;
}

bool task_flow::hands_to(const std::string& from, const std::string& to) const {
  const auto picked = picked_.find(from);
  return is(from, state::done) && (picked == picked_.end() || contains(picked->second, to));
}

bool task_flow::is_ready(const flow_station& at) const {
  const auto& after = at.plan.after;
  return !states_.contains(at.plan.name) && std::all_of(after.begin(), after.end(), [&](const std::string& name) {
    return states_.contains(name) && !is(name, state::running);
  });
}

// Stations are in topological order, so that one pass sees what it decides itself.
std::vector<const flow_station*> task_flow::begin_ready() {
  std::vector<const flow_station*> ready;
  for (const auto& at : stations_) {
    if (!error_.empty())
      return {};
    if (!is_ready(at) || !goes_on(at))
      continue;
    states_[at.plan.name] = state::running;
    ready.push_back(&at);
  }
  return ready;
}

// Whether it begins; else it is left out, or fails.
bool task_flow::goes_on(const flow_station& at) {
  const auto& from = at.from;
  if (from.empty() ||
      std::any_of(from.begin(), from.end(), [&](const auto& name) { return hands_to(name, at.plan.name); }))
    return true;
  std::string failed;
  for (const auto& name : from)
    if (is(name, state::failed))
      failed += (failed.empty() ? "" : "; ") + name + ": " + reasons_.at(name);
  if (failed.empty())
    leave_out(at);
  else if (from.size() > 1) {
    given_[at.plan.name] = gather(at);
    fail(at, "nothing is left to join (" + failed + ")");
  }
  return !failed.empty() && from.size() == 1;
}

void task_flow::leave_out(const flow_station& at) {
  states_[at.plan.name] = state::left_out;
  if (at.answers_task)
    error_ = "agent '" + at.plan.name + "', which answers, had no turn: those before it handed over to others";
  hand_on(at, gather(at));
}

// What those whom it continues hand to it. From a failed one it gets what that one had been given, where it depends on
// nobody else; and on a shared cache whatever was there last.
std::vector<task_flow::handed_context> task_flow::gather(const flow_station& to) {
  std::vector<handed_context> gathered;
  for (const auto& name : to.plan.contexts_from) {
    auto& there = contexts_[name];
    if (to.plan.in_sequence || hands_to(name, to.plan.name) || (is(name, state::failed) && to.from.size() == 1))
      gathered.insert(gathered.end(), there.begin(), there.end());
    if (--unread_.at(name) == 0)
      there.clear(); // contexts pin memory: the last reader has it now
  }
  return gathered;
}

void task_flow::hand_on(const flow_station& at, std::vector<handed_context> contexts) {
  if (unread_.at(at.plan.name) > 0)
    contexts_[at.plan.name] = std::move(contexts);
}

std::vector<payload> task_flow::take_contexts(const flow_station& of) {
  auto gathered = gather(of);
  std::vector<payload> contexts;
  for (const auto& [context, maker] : gathered) {
    contexts.push_back(context);
    handed_[maker] += weight_of(context);
    taken_from_[of.plan.name].push_back(maker);
  }
  if (of.may_fail && of.readers > 0)
    given_[of.plan.name] = std::move(gathered);
  return contexts;
}

std::map<std::string, std::string> task_flow::texts() const {
  std::map<std::string, std::string> texts;
  for (const auto& at : stations_)
    if (at.plan.makes_text && states_.contains(at.plan.name) && !is(at.plan.name, state::running)) {
      const auto text = texts_.find(at.plan.name);
      texts[at.plan.name] = text == texts_.end() ? "" : text->second;
    }
  return texts;
}

void task_flow::done(const flow_station& at, output made) {
  const auto& name = at.plan.name;
  for (const auto& to : made.to.value_or(std::vector<std::string>()))
    if (!contains(at.to, to) && !at.to.empty()) // alone, in direct mode, it has nobody to pick
      return fail(at, "it hands over to '" + to + "', which is no successor of it in the flow");
  states_[name] = state::done;
  given_.erase(name);
  texts_[name] = std::move(made.text);
  if (made.to)
    picked_[name] = std::move(*made.to);
  if (made.context.body)
    hand_on(at, {{std::move(made.context), name}});
}

void task_flow::fail(const flow_station& at, const std::string& reason) {
  const auto& name = at.plan.name;
  states_[name] = state::failed;
  if (!at.may_fail) {
    error_ = "agent '" + name + "': " + reason;
    return;
  }
  reasons_[name] = reason;
  failures_.push_back({name, reason});
  const auto given = given_.find(name);
  if (given != given_.end()) {
    hand_on(at, std::move(given->second));
    given_.erase(given);
  }
}

std::vector<task_flow::failure> task_flow::take_failures() { return std::exchange(failures_, {}); }

void task_flow::travelled(const flow_station& to, const std::vector<std::uint64_t>& wire_bytes) {
  const auto& makers = taken_from_[to.plan.name];
  for (std::size_t i = 0; i < std::min(makers.size(), wire_bytes.size()); ++i)
    handed_[makers[i]].wire_bytes += wire_bytes[i];
}

handed_over task_flow::handed_by(const std::string& agent) const {
  const auto handed = handed_.find(agent);
  return handed == handed_.end() ? handed_over{} : handed->second;
}

} // namespace avp
