// What the journal is told of a run, and what it has of an earlier one.
#include <algorithm>
#include <chrono>

#include <avp/gpu/context.hpp>
#include <avp/runtime/run/run_state.hpp>

namespace avp {

// What the journal has of the task comes first.
void run_state::restore(const std::string& id) {
  auto saved = config_.saved.extract(id);
  if (!saved)
    return advance(id);
  restore_hops(
      self_, config_.devices, config_.nodes, flow_, std::move(saved.mapped()), tasks_.at(id).task->place,
      [this](const std::string& agent) { return config_.pipeline->agent(agent).model; },
      [this, id](std::map<std::string, restored_hop> hops) {
        const auto active = tasks_.find(id); // gone when the device died
        if (active == tasks_.end())
          return;
        active->second.restored = std::move(hops);
        advance(id);
      });
}

// Whether the journal has that hop; its outcome is taken from there.
bool run_state::replay(active_task& active, const station& at) {
  auto found = active.restored.extract(at.at->plan.name);
  if (!found)
    return false;
  auto& [hop, context] = found.mapped();
  const auto before = std::chrono::duration<double, std::milli>(hop.task_ms);
  active.started = std::min(active.started, std::chrono::steady_clock::now() -
                                                std::chrono::duration_cast<std::chrono::nanoseconds>(before));
  [[maybe_unused]] const auto read = active.flow.take_contexts(*at.at);
  if (!hop.agent.error.empty()) {
    active.flow.fail(*at.at, hop.agent.error);
    return true;
  }
  if (at.at->answers_task)
    active.result.text = hop.agent.text;
  output made{hop.agent.text, std::move(context), std::move(hop.to)};
  active.result.agents.push_back(std::move(hop.agent));
  active.flow.done(*at.at, std::move(made));
  return true;
}

// Tells the journal of a hop that ended.
void run_state::keep(const active_task& active, agent_result part, const output& made) {
  if (!config_.journal)
    return;
  saved_hop hop;
  hop.task = active.task->id;
  hop.stage = variant_text(config_.plan.mode, config_.sweep);
  hop.agent = std::move(part);
  hop.to = made.to;
  hop.task_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - active.started).count();
  if (const auto* context = dynamic_cast<const avp::context*>(made.context.body.get()))
    hop.history = context->history();
  config_.journal->add(std::move(hop));
}

} // namespace avp
