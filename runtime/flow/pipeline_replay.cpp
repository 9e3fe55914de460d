// Hops that were done before a task came here, and what is told of those that are done now.
#include <algorithm>
#include <chrono>

#include "runtime/flow/pipeline_state.hpp"

namespace avp {

// What was done before comes first.
void pipeline_state::restore(std::uint64_t place) {
  auto done = std::exchange(tasks_.at(place).done, {});
  if (done.empty())
    return advance(place);
  restore_hops(
      self_, config_.devices, config_.nodes, config_.plan.agents, std::move(done), place,
      [this](const std::string& agent) { return config_.pipeline->agent(agent).model; },
      [this, place, task = tasks_.at(place).task](std::map<std::string, restored_hop> hops) {
        const auto active = tasks_.find(place); // it may be over, and its place another's
        if (active == tasks_.end() || active->second.task != task)
          return;
        active->second.restored = std::move(hops);
        for_task(place, [&] { advance(place); });
      });
}

// Whether that hop was done before; its outcome is taken from there.
bool pipeline_state::replay(active_task& active, const running_agent& at) {
  auto found = active.restored.extract(at.plan->name);
  if (!found)
    return false;
  auto& [hop, context] = found.mapped();
  const auto before = std::chrono::duration<double, std::milli>(hop.task_ms);
  active.started = std::min(active.started, std::chrono::steady_clock::now() -
                                                std::chrono::duration_cast<std::chrono::nanoseconds>(before));
  [[maybe_unused]] const auto read = active.flow.take_contexts(*at.plan);
  if (!hop.agent.error.empty()) {
    active.flow.fail(*at.plan, {hop.agent.error_code.value_or(error_code::internal), hop.agent.error});
    return true;
  }
  if (at.plan->answers_task)
    active.result.text = hop.agent.text;
  output made{hop.agent.text, std::move(context), std::move(hop.to)};
  note_received(active, at, hop.history.get(), hop.agent);
  active.result.agents.push_back(std::move(hop.agent));
  active.flow.done(*at.plan, std::move(made));
  return true;
}

// What came from agents on other models, and by which way.
void pipeline_state::note_received(active_task& active, const running_agent& at, const recipe* made,
                                   agent_result& part) const {
  part.received = active.flow.received(*at.plan, made);
  for (const auto& edge : config_.plan.edges)
    if (config_.plan.mode == mode::latent && edge.to == at.plan->name && edge.how == hand_over::text)
      part.received.push_back({edge.from, std::nullopt, true});
}

// Tells who wants to know of a hop that ended.
void pipeline_state::tell(const active_task& active, agent_result part, const output& made) {
  if (!active.on_hop)
    return;
  ended_hop hop;
  hop.agent = std::move(part);
  hop.to = made.to;
  hop.task_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - active.started).count();
  hop.history = history_of(made.context);
  active.on_hop(hop);
}

} // namespace avp
