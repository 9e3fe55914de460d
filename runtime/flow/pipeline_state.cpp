// Tasks: taken, answered, given up.
#include "runtime/flow/pipeline_state.hpp"

#include <caf/send.hpp>

#include "agents/agent_failure.hpp"
#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/pipeline/history.hpp"

namespace avp {

pipeline_state::~pipeline_state() {
  for (const auto& [name, at] : agents_)
    caf::anon_send_exit(at.actor, caf::exit_reason::user_shutdown);
  for (auto& [place, active] : tasks_) { // none but where the actor was ended from outside or threw
    active.result.fail({error_code::internal, "the pipeline ended while it had this task"});
    active.answer.deliver(std::move(active.result));
  }
}

void pipeline_state::start(pipeline_config config, const std::map<std::string, agent_actor>& agents) {
  config_ = std::move(config);
  for (const auto& planned : config_.plan.agents) {
    const auto& actor = agents.at(planned.name);
    agents_[planned.name] = {&planned, std::make_shared<prompt_template>(planned.prompt), actor};
    self_->monitor(actor);
  }
  for (const auto& [model, device] : config_.devices)
    self_->monitor(device);
  if (config_.nodes)
    self_->monitor(config_.nodes->actor());
}

caf::typed_response_promise<task_result> pipeline_state::take(task_input& input) {
  caf::typed_response_promise<task_result> answer = self_->make_response_promise<task_result>();
  const auto place = input.place;
  const auto [found, is_new] = tasks_.try_emplace(place, config_.plan.agents);
  if (!is_new) {
    answer.deliver(make_error(error_code::bad_request,
                              "another task has the place " + std::to_string(place) + " of '" + input.id + "'"));
    return answer;
  }
  auto& active = found->second;
  active.answer = answer;
  active.on_text = std::move(input.on_text);
  active.on_hop = std::move(input.on_hop);
  active.done = std::move(input.done);
  active.result.task = input.id;
  active.result.mode = config_.plan.mode;
  auto made = std::make_shared<task>();
  made->id = std::move(input.id);
  made->mode = config_.plan.mode;
  made->fields = std::move(input.fields);
  made->fields.try_emplace(std::string(history_variable));
  made->run_seed = input.asked.seed.value_or(config_.pipeline->seed);
  active.asked = std::move(input.asked);
  made->place = place;
  made->prefix_scope = input.prefix_scope;
  active.task = std::move(made);
  for_task(place, [&] { restore(place); });
  return answer;
}

// What is thrown at a task's work is that task's error; the others go on.
void pipeline_state::for_task(std::uint64_t place, const std::function<void()>& work) {
  try {
    work();
  } catch (...) {
    const auto active = tasks_.find(place);
    if (active == tasks_.end())
      throw; // it is over: not of its work
    active->second.result.fail(failure_of(std::current_exception()));
    finish(place);
  }
}

void pipeline_state::finish(std::uint64_t place) {
  std::optional<active_task> active = std::move(tasks_.extract(place).mapped());
  active->cancelled->cancel(); // what is still under way is for nobody
  auto result = std::move(active->result);
  auto answer = active->answer;
  result.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - active->started).count();
  for (auto& part : result.agents)
    part.handed_over = active->flow.handed_by(part.name);
  active.reset(); // whoever has the answer finds the task's contexts let go
  answer.deliver(std::move(result));
}

void pipeline_state::cancel(std::uint64_t place) {
  const auto active = tasks_.find(place);
  if (active == tasks_.end())
    return;
  active->second.result.fail({error_code::cancelled, "it was cancelled"});
  finish(place);
}

caf::typed_response_promise<pipeline_broken> pipeline_state::watch() {
  return watchers_.emplace_back(self_->make_response_promise<pipeline_broken>());
}

void pipeline_state::break_off(const failure& why) {
  broken_ = true;
  for (auto& watcher : watchers_)
    watcher.deliver(pipeline_broken{why});
  while (!tasks_.empty()) {
    const auto place = tasks_.begin()->first;
    tasks_.at(place).result.fail(why);
    finish(place);
  }
  self_->quit(make_error(why));
}

void pipeline_state::down(const caf::down_msg& message) {
  if (broken_)
    return;
  const auto [code, reason] = failure_of(message.reason);
  for (const auto& [model, device] : config_.devices)
    if (message.source == device)
      return break_off({code, "the device of model '" + model + "' died (" + reason + ")"});
  if (config_.nodes && message.source == config_.nodes->actor())
    return break_off({code, "what holds the connections to the other nodes died (" + reason + ")"});
  for (auto& [agent, at] : agents_)
    if (message.source == at.actor)
      return agent_down(at, agent_actor(at.actor), failure_of_agent(message.reason));
}

} // namespace avp
