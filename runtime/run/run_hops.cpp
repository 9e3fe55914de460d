// Hops of tasks: every one is a request to an agent's actor, so a dead agent answers with an error and no task is lost.
#include <algorithm>

#include <caf/event_based_actor.hpp>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/run/run_state.hpp>

namespace avp {

agent_actor start_agent_of(caf::actor_system& system, const run_config& config, const std::string& name) {
  const auto& spec = config.pipeline->agent(name);
  const auto device = config.devices.find(spec.model); // an agent of one's own may have no model
  const auto asked = device == config.devices.end() ? device_actor{} : device->second;
  return config.nodes ? config.nodes->start_agent(*config.kinds, spec, asked)
                      : start_agent(system, *config.kinds, spec, asked);
}

void run_state::advance(const std::string& id) {
  auto& active = tasks_.at(id);
  for (auto ready = active.flow.begin_ready(); !ready.empty(); ready = active.flow.begin_ready())
    for (const auto* at : ready)
      if (!replay(active, stations_.at(at->plan.name)))
        send_hop(active, stations_.at(at->plan.name));
  for (const auto& failure : active.flow.take_failures()) {
    auto& parts = active.result.agents;
    auto part = std::find_if(parts.begin(), parts.end(), [&](const auto& one) { return one.name == failure.agent; });
    if (part == parts.end()) // else it was through, but what it handed over was refused
      part = parts.insert(parts.end(), part_of(stations_.at(failure.agent)));
    part->error = failure.reason;
  }
  active.result.error = active.flow.error();
  if (active.open.empty())
    finish(id);
}

hop_input run_state::make_input(active_task& active, const station& to) {
  hop_input input;
  input.task = active.task;
  input.prompt = to.prompt;
  input.makes_text = to.at->plan.makes_text;
  input.hands_on = to.at->readers > 0;
  input.from = to.at->from;
  input.texts = active.flow.texts();
  input.contexts = active.flow.take_contexts(*to.at);
  if (config_.stream && to.at->answers_task)
    input.on_text = [observer = config_.observer](std::string_view text) {
      caf::anon_send(observer, answer_piece{std::string(text)});
    };
  return input;
}

agent_result run_state::part_of(const station& at) const {
  agent_result part;
  part.name = at.at->plan.name;
  part.kind = at.at->plan.kind;
  part.node = local_node;
  return part;
}

void run_state::send_hop(active_task& active, station& to) {
  active.open[to.at->plan.name] = to.actor;
  self_->request(to.actor, caf::infinite, make_input(active, to))
      .then(
          [this, id = active.task->id, &to, asked = to.actor](hop_output& output) { hop_done(id, to, asked, output); },
          [this, id = active.task->id, &to, asked = to.actor](caf::error& error) {
            if (error !=
                caf::sec::request_receiver_down) // otherwise its down message tells, also of hops that it had begun
              hop_failed(id, to, asked, text_of(error));
            else
              agent_down(to, asked, "it was gone already");
          });
}

// Whether that hop was still under way: a task may be over, and a dead agent's hops are failed once.
bool run_state::close_hop(const std::string& id, const std::string& agent, const agent_actor& asked) {
  auto active = tasks_.find(id);
  if (active == tasks_.end())
    return false;
  auto open = active->second.open.find(agent);
  if (open == active->second.open.end() || open->second != asked)
    return false;
  active->second.open.erase(open);
  return true;
}

void run_state::hop_done(const std::string& id, station& at, const agent_actor& asked, hop_output& output) {
  if (!close_hop(id, at.at->plan.name, asked))
    return;
  auto& active = tasks_.at(id);
  auto part = part_of(at);
  part.text = output.output.text;
  part.ms = output.ms;
  part.counts = output.counts;
  part.node = output.node;
  part.retries = output.retries;
  part.fetch_ms = output.fetch_ms;
  active.flow.travelled(*at.at, output.wire_bytes);
  if (at.at->answers_task)
    active.result.text = output.output.text;
  keep(active, part, output.output);
  active.result.agents.push_back(std::move(part));
  active.flow.done(*at.at, std::move(output.output));
  advance(id);
}

void run_state::hop_failed(const std::string& id, station& at, const agent_actor& asked, const std::string& reason) {
  if (!close_hop(id, at.at->plan.name, asked))
    return;
  auto failed = part_of(at);
  failed.error = reason;
  keep(tasks_.at(id), std::move(failed), {});
  tasks_.at(id).flow.fail(*at.at, reason);
  advance(id);
}

void run_state::restart(station& at) {
  at.actor = start_agent_of(self_->system(), config_, at.at->plan.name);
  self_->monitor(at.actor);
}

// CAF answers only the requests that a dead actor had not begun, so its hops are failed here.
void run_state::agent_down(station& at, const agent_actor& dead, const std::string& reason) {
  if (at.actor == dead && fatal_.empty())
    restart(at);
  std::vector<std::string> ids;
  for (const auto& [id, active] : tasks_)
    ids.push_back(id);
  for (const auto& id : ids)
    hop_failed(id, at, dead, "the agent died while it had this task (" + reason + "); it was started anew");
}

} // namespace avp
