// The rules by which a task goes on.
#include "runtime/flow/task_flow.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "gpu/context.hpp"
#include "transport/message.hpp"

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

// As messages with a hidden state of the reader's model each.
handed_over weight_of(const std::vector<std::vector<float>>& vectors) {
  handed_over weight;
  for (const auto& vector : vectors) {
    metadata meta;
    meta.hidden_dim = static_cast<std::uint32_t>(vector.size());
    meta.tensor_shape = {1, meta.hidden_dim};
    weight.context_tokens += 1;
    weight.context_bytes += encoded_size(meta, vector.size() * sizeof(float));
  }
  return weight;
}

// What a context has read of another model's context.
const injected_rows* injected_from(const recipe& made, const std::string& source) {
  std::set<const recipe*> seen{&made};
  std::vector<const recipe*> open{&made};
  while (!open.empty()) {
    const auto& hop = *open.back();
    open.pop_back();
    if (!hop.injected.vectors.empty() && hop.injected.source == source)
      return &hop.injected;
    for (const auto& parent : hop.parents)
      if (seen.insert(parent.get()).second)
        open.push_back(parent.get());
  }
  return nullptr;
}

} // namespace

std::shared_ptr<const recipe> history_of(const payload& handed) {
  const auto* here = dynamic_cast<const context*>(handed.body.get());
  return here ? here->history() : nullptr;
}

task_flow::task_flow(const std::vector<planned_agent>& agents) : agents_(agents) {
  for (const auto& at : agents_)
    unread_[at.name] = at.readers;
}

bool task_flow::is(const std::string& agent, state expected) const {
  const auto known = states_.find(agent);
  return known != states_.end() && known->second == expected;
}

bool task_flow::hands_to(const std::string& from, const std::string& to) const {
  const auto picked = picked_.find(from);
  return is(from, state::done) && (picked == picked_.end() || contains(picked->second, to));
}

bool task_flow::is_ready(const planned_agent& at) const {
  const auto& after = at.after;
  return !states_.contains(at.name) && std::all_of(after.begin(), after.end(), [&](const std::string& name) {
    return states_.contains(name) && !is(name, state::running);
  });
}

// Agents are in topological order, so that one pass sees what it decides itself.
std::vector<const planned_agent*> task_flow::begin_ready() {
  std::vector<const planned_agent*> ready;
  for (const auto& at : agents_) {
    if (why_failed_)
      return {};
    if (!is_ready(at) || !goes_on(at))
      continue;
    states_[at.name] = state::running;
    ready.push_back(&at);
  }
  return ready;
}

// Whether it begins; else it is left out, or fails.
bool task_flow::goes_on(const planned_agent& at) {
  const auto& from = at.from;
  if (from.empty() || std::any_of(from.begin(), from.end(), [&](const auto& name) { return hands_to(name, at.name); }))
    return true;
  std::string failed;
  auto code = error_code::internal; // of the first
  for (const auto& name : from)
    if (is(name, state::failed)) {
      const auto& why = reasons_.at(name);
      code = failed.empty() ? why.code : code;
      failed += (failed.empty() ? "" : "; ") + name + ": " + why.text;
    }
  if (failed.empty())
    leave_out(at);
  else if (from.size() > 1) {
    given_[at.name] = gather(at);
    fail(at, {code, "nothing is left to join (" + failed + ")"});
  }
  return !failed.empty() && from.size() == 1;
}

void task_flow::leave_out(const planned_agent& at) {
  states_[at.name] = state::left_out;
  if (at.answers_task)
    why_failed_ = {error_code::agent_failed,
                   "agent '" + at.name + "', which answers, had no turn: those before it handed over to others"};
  hand_on(at, gather(at));
}

// What those whom it continues hand to it. From a failed one it gets what that one had been given, where it depends on
// nobody else; and on a shared cache whatever was there last.
std::vector<task_flow::handed_context> task_flow::gather(const planned_agent& to) {
  std::vector<handed_context> gathered;
  for (const auto& name : to.contexts_from) {
    auto& there = contexts_[name];
    if (to.in_sequence || hands_to(name, to.name) || (is(name, state::failed) && to.from.size() == 1))
      gathered.insert(gathered.end(), there.begin(), there.end());
    if (--unread_.at(name) == 0)
      there.clear(); // contexts pin memory: the last reader has it now
  }
  return gathered;
}

void task_flow::hand_on(const planned_agent& at, std::vector<handed_context> contexts) {
  if (unread_.at(at.name) > 0)
    contexts_[at.name] = std::move(contexts);
}

std::vector<payload> task_flow::take_contexts(const planned_agent& of) {
  auto gathered = gather(of);
  std::vector<payload> contexts;
  for (const auto& [context, maker] : gathered) {
    contexts.push_back(context);
    taken_from_[of.name].push_back(maker);
    if (model_of(maker) == of.model)
      handed_[maker] += weight_of(context);
    else if (const auto history = history_of(context))
      foreign_[of.name].push_back({maker, history->id()});
  }
  if (of.may_fail && of.readers > 0)
    given_[of.name] = std::move(gathered);
  return contexts;
}

std::map<std::string, std::string> task_flow::texts() const {
  std::map<std::string, std::string> texts;
  for (const auto& at : agents_)
    if (at.makes_text && states_.contains(at.name) && !is(at.name, state::running)) {
      const auto text = texts_.find(at.name);
      texts[at.name] = text == texts_.end() ? "" : text->second;
    }
  return texts;
}

void task_flow::done(const planned_agent& at, output made) {
  const auto& name = at.name;
  for (const auto& to : made.to.value_or(std::vector<std::string>()))
    if (!contains(at.to, to) && !at.to.empty()) // alone, in direct mode, it has nobody to pick
      return fail(at,
                  {error_code::agent_failed, "it hands over to '" + to + "', which is no successor of it in the flow"});
  states_[name] = state::done;
  given_.erase(name);
  texts_[name] = std::move(made.text);
  if (made.to)
    picked_[name] = std::move(*made.to);
  if (made.context.body)
    hand_on(at, {{std::move(made.context), name}});
}

void task_flow::fail(const planned_agent& at, const failure& why) {
  const auto& name = at.name;
  states_[name] = state::failed;
  if (!at.may_fail) {
    why_failed_ = {why.code, "agent '" + name + "': " + why.text};
    return;
  }
  reasons_[name] = why;
  failures_.push_back({name, why});
  const auto given = given_.find(name);
  if (given != given_.end()) {
    hand_on(at, std::move(given->second));
    given_.erase(given);
  }
}

std::vector<task_flow::failed_agent> task_flow::take_failures() { return std::exchange(failures_, {}); }

const std::string& task_flow::model_of(const std::string& agent) const {
  return std::find_if(agents_.begin(), agents_.end(), [&](const auto& at) { return at.name == agent; })->model;
}

std::vector<std::string> task_flow::foreign_makers(const planned_agent& to) const {
  std::vector<std::string> makers;
  if (const auto taken = taken_from_.find(to.name); taken != taken_from_.end())
    for (const auto& maker : taken->second)
      makers.push_back(model_of(maker) == to.model ? "" : maker);
  return makers;
}

std::vector<received_thought> task_flow::received(const planned_agent& to, const recipe* made) {
  std::vector<received_thought> all;
  for (const auto& [maker, source] : foreign_[to.name]) {
    const auto* read = made ? injected_from(*made, source) : nullptr;
    all.push_back({maker, read ? std::optional(read->facts) : std::nullopt});
    if (read)
      handed_[maker] += weight_of(read->vectors);
  }
  return all;
}

void task_flow::travelled(const planned_agent& to, const std::vector<std::uint64_t>& wire_bytes) {
  const auto& makers = taken_from_[to.name];
  for (std::size_t i = 0; i < std::min(makers.size(), wire_bytes.size()); ++i)
    handed_[makers[i]].wire_bytes += wire_bytes[i];
}

handed_over task_flow::handed_by(const std::string& agent) const {
  const auto handed = handed_.find(agent);
  return handed == handed_.end() ? handed_over{} : handed->second;
}

} // namespace avp
