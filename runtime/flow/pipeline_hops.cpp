// Hops of tasks: every one is a request to an agent's actor, so a dead agent answers with an error and no task is lost.
#include <algorithm>

#include <caf/typed_event_based_actor.hpp>

#include "agents/agent_failure.hpp"
#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/flow/pipeline_state.hpp"

namespace avp {

agent_actor start_agent_of(caf::actor_system& system, const pipeline_config& config, const planned_agent& planned) {
  auto spec = config.pipeline->agent(planned.name);
  spec.kind = planned.kind;
  const auto device = config.devices.find(spec.model); // an agent of one's own may have no model
  const auto asked = device == config.devices.end() ? device_actor{} : device->second;
  try {
    return config.nodes ? config.nodes->start_agent(*config.kinds, spec, asked, config.devices)
                        : start_agent(system, *config.kinds, spec, asked, config.devices);
  } catch (...) {
    throw std::runtime_error("the agent '" + planned.name + "' can't be started: " + text_of(std::current_exception()));
  }
}

namespace {

agent_result part_of(const running_agent& at) {
  agent_result part;
  part.name = at.plan->name;
  part.kind = at.plan->kind;
  part.node = local_node;
  return part;
}

} // namespace

void pipeline_state::advance(std::uint64_t place) {
  auto& active = tasks_.at(place);
  for (auto ready = active.flow.begin_ready(); !ready.empty(); ready = active.flow.begin_ready())
    for (const auto* planned : ready)
      if (auto& at = agents_.at(planned->name); !replay(active, at))
        send_hop(active, at);
  for (const auto& failure : active.flow.take_failures()) {
    auto& parts = active.result.agents;
    auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& one) { return one.name == failure.agent; });
    if (part == parts.end()) // else it was through, but what it handed over was refused
      part = parts.insert(parts.end(), part_of(agents_.at(failure.agent)));
    part->fail(failure.why);
  }
  if (const auto& why = active.flow.why_failed())
    active.result.fail(*why);
  if (active.open.empty())
    finish(place);
}

hop_input pipeline_state::make_input(active_task& active, const running_agent& to) {
  hop_input input;
  input.task = active.task;
  input.prompt = to.prompt;
  input.makes_text = to.plan->makes_text;
  input.hands_on = to.plan->readers > 0;
  input.explains = config_.pipeline->explains;
  input.from = to.plan->from;
  input.texts = active.flow.texts();
  input.contexts = active.flow.take_contexts(*to.plan);
  for (const auto& maker : active.flow.foreign_makers(*to.plan))
    input.foreign.push_back(maker.empty() ? "" : config_.pipeline->agent(maker).model);
  input.cancelled = active.cancelled;
  if (to.plan->answers_task)
    input.asked = active.asked;
  else
    input.asked.steps = active.asked.steps;
  if (active.on_text && to.plan->answers_task)
    input.on_text = [say = active.on_text, cancelled = active.cancelled](std::string_view text) {
      if (!cancelled->is_cancelled())
        say(text);
    };
  return input;
}

// Whether it is the one that has its place: it may be over, and its place another's.
bool pipeline_state::runs(const std::shared_ptr<const task>& one) const {
  const auto active = tasks_.find(one->place);
  return active != tasks_.end() && active->second.task == one;
}

void pipeline_state::send_hop(active_task& active, running_agent& to) {
  active.open[to.plan->name] = to.actor;
  self_->request(to.actor, caf::infinite, make_input(active, to))
      .then(
          [this, task = active.task, &to, asked = to.actor](hop_output& output) {
            if (runs(task))
              for_task(task->place, [&] { hop_done(task->place, to, asked, output); });
          },
          [this, task = active.task, &to, asked = to.actor](caf::error& error) {
            if (error == caf::sec::request_receiver_down)
              agent_down(to, asked, {error_code::agent_failed, "it was gone already"});
            else if (runs(task)) // its down message tells of the hops that a dead agent had begun
              for_task(task->place, [&] { hop_failed(task->place, to, asked, failure_of(error)); });
          });
}

// Whether that hop was still under way: a dead agent's hops are failed once.
bool pipeline_state::close_hop(std::uint64_t place, const std::string& agent, const agent_actor& asked) {
  auto active = tasks_.find(place);
  if (active == tasks_.end())
    return false;
  auto open = active->second.open.find(agent);
  if (open == active->second.open.end() || open->second != asked)
    return false;
  active->second.open.erase(open);
  return true;
}

void pipeline_state::hop_done(std::uint64_t place, running_agent& at, const agent_actor& asked, hop_output& output) {
  if (!close_hop(place, at.plan->name, asked))
    return;
  auto& active = tasks_.at(place);
  auto part = part_of(at);
  part.text = output.output.text;
  part.ms = output.ms;
  part.counts = output.counts;
  part.node = output.node;
  part.retries = output.retries;
  part.fetch_ms = output.fetch_ms;
  part.thought = std::move(output.thought);
  active.flow.travelled(*at.plan, output.wire_bytes);
  if (at.plan->answers_task) {
    active.result.text = output.output.text;
    active.result.finish = output.finish;
  }
  note_received(active, at, history_of(output.output.context).get(), part);
  tell(active, part, output.output);
  active.result.agents.push_back(std::move(part));
  active.flow.done(*at.plan, std::move(output.output));
  advance(place);
}

void pipeline_state::hop_failed(std::uint64_t place, running_agent& at, const agent_actor& asked, const failure& why) {
  if (!close_hop(place, at.plan->name, asked))
    return;
  auto& active = tasks_.at(place);
  auto failed = part_of(at);
  failed.fail(why);
  tell(active, std::move(failed), {});
  active.flow.fail(*at.plan, why);
  advance(place);
}

void pipeline_state::restart(running_agent& at) {
  try {
    at.actor = start_agent_of(self_->system(), config_, *at.plan);
    self_->monitor(at.actor);
  } catch (...) {
    const auto [code, text] = failure_of_agent(std::current_exception());
    break_off({code, "an agent died; " + text});
  }
}

// CAF answers only the requests that a dead actor had not begun, so its hops are failed here.
void pipeline_state::agent_down(running_agent& at, const agent_actor& dead, const failure& why) {
  if (at.actor == dead && !broken_)
    restart(at);
  std::vector<std::uint64_t> places;
  for (const auto& [place, active] : tasks_)
    places.push_back(place);
  for (const auto place : places)
    for_task(place, [&] {
      hop_failed(place, at, dead,
                 {why.code, "the agent died while it had this task (" + why.text + "); it was started anew"});
    });
}

} // namespace avp
