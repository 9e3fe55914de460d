// Tasks: one begins for every record, and is scored and told when its hops are through.
#include <chrono>
#include <memory>

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/run/run_state.hpp>
#include <avp/runtime/score/score.hpp>

namespace avp {

void run_state::start(run_config config, const std::map<std::string, agent_actor>& agents) {
  config_ = std::move(config);
  next_place_ = config_.first_place;
  flow_ = stations_of(config_.plan, *config_.pipeline);
  for (const auto& at : flow_) {
    const auto& actor = agents.at(at.plan.name);
    stations_[at.plan.name] = {&at, std::make_shared<prompt_template>(at.plan.prompt), actor};
    self_->monitor(actor);
  }
  for (const auto& [model, device] : config_.devices)
    self_->monitor(device);
  feed_ = std::make_unique<record_feed>(config_.input, [self = caf::actor(self_)](std::optional<input_item> item) {
    caf::anon_send(self, new_item{std::move(item)});
  });
  if (config_.programs)
    scoring_ = std::make_unique<work_threads>();
  for (std::size_t i = 0; i < config_.concurrency; ++i)
    feed_->want();
}

void run_state::take(std::optional<input_item>& item) {
  if (!item)
    input_ended_ = true;
  else if (ended_ || !fatal_.empty())
    return;
  else if (auto* line = std::get_if<bad_line>(&*item))
    fail_line(*line);
  else if (!input_ended_)
    begin(std::get<record>(*item));
  end_if_idle();
}

void run_state::stop() {
  input_ended_ = true;
  end_if_idle();
}

void run_state::fail_line(const bad_line& line) {
  task_result result;
  result.task = line.id;
  result.mode = config_.plan.mode;
  result.sweep = config_.sweep;
  result.error =
      (line.column > 0 ? "column " + std::to_string(line.column) + ": " : "") + line.message; // the id is the line
  report(std::move(result));
}

void run_state::begin(const record& record) {
  auto& active = tasks_.emplace(record.id, active_task(flow_)).first->second;
  auto made = std::make_shared<task>();
  made->id = record.id;
  made->mode = config_.plan.mode;
  made->fields = template_values(record.fields);
  made->run_seed = config_.pipeline->seed;
  made->place = next_place_++;
  made->prefix_scope = config_.prefix_scope;
  self_->send(config_.observer, task_begun{made->id, made->place});
  active.task = made;
  active.result.task = record.id;
  active.result.mode = config_.plan.mode;
  active.result.sweep = config_.sweep;
  if (const auto& scoring = config_.pipeline->score) {
    try {
      active.setup = prompt_template(scoring->setup).render(made->fields);
      active.result.expected = prompt_template(scoring->expected).render(made->fields);
    } catch (const missing_variable&) { // a record without that field is run and not scored
    }
  }
  restore(record.id);
}

void run_state::device_down(const std::string& model, const std::string& reason) {
  fatal_ = "the device of model '" + model + "' died (" + reason + ")";
  while (!tasks_.empty()) {
    const auto id = tasks_.begin()->first;
    tasks_.at(id).result.error = fatal_;
    finish(id);
  }
  end_if_idle();
}

void run_state::down(const caf::down_msg& message) {
  const auto reason = text_of(message.reason);
  for (const auto& [model, device] : config_.devices)
    if (message.source == device && fatal_.empty())
      return device_down(model, reason);
  for (auto& [agent, at] : stations_)
    if (message.source == at.actor)
      return agent_down(at, agent_actor(at.actor), reason);
}

void run_state::finish(const std::string& id) {
  auto active = std::move(tasks_.extract(id).mapped());
  auto& result = active.result;
  const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - active.started;
  result.ms = spent.count();
  for (auto& part : result.agents)
    part.handed_over = active.flow.handed_by(part.name);
  if (result.ok() && result.expected && scoring_)
    return score_program(std::move(active));
  if (result.ok() && result.expected)
    result.score = score(config_.pipeline->score->kind, result.text, *result.expected);
  report(std::move(result));
  end_if_idle();
}

void run_state::score_program(active_task active) {
  const auto& spec = *config_.pipeline->score;
  program_task program{std::move(active.setup), active.result.text, *active.result.expected, spec.time_limit,
                       spec.memory};
  ++being_scored_;
  scoring_->add([self = caf::actor(self_), programs = config_.programs, program = std::move(program),
                 result = std::move(active.result)] {
    scored_result scored{result, ""};
    try {
      scored.result.score = programs->score(program);
    } catch (const sandbox_error& error) {
      scored.problem = error.what();
    }
    caf::anon_send(self, std::move(scored));
  });
}

void run_state::take_score(scored_result& scored) {
  --being_scored_;
  if (!scored.problem.empty())
    spdlog::warn("task '{}' has no score: {}", scored.result.task, scored.problem);
  report(std::move(scored.result));
  end_if_idle();
}

void run_state::report(task_result result) {
  self_->send(config_.observer, std::move(result));
  if (!input_ended_ && fatal_.empty())
    feed_->want();
}

void run_state::end_if_idle() {
  if (ended_ || !tasks_.empty() || being_scored_ > 0 || (!input_ended_ && fatal_.empty()))
    return;
  ended_ = true;
  self_->send(config_.observer, run_ended{fatal_});
  for (auto& [agent, at] : stations_)
    self_->send_exit(at.actor, caf::exit_reason::user_shutdown);
  self_->quit();
}

namespace {

caf::behavior run_behavior(caf::stateful_actor<run_state>* self, const std::shared_ptr<run_config>& config,
                           const std::map<std::string, agent_actor>& agents) {
  self->set_down_handler([self](const caf::down_msg& message) { self->state.down(message); });
  self->state.start(std::move(*config), agents);
  return {
      [self](new_item& next) { self->state.take(next.item); },
      [self](const stop_run&) { self->state.stop(); },
      [self](scored_result& scored) { self->state.take_score(scored); },
  };
}

} // namespace

caf::actor start_run(caf::actor_system& system, run_config config) {
  std::map<std::string, agent_actor> agents;
  for (const auto& planned : config.plan.agents)
    agents[planned.name] = start_agent_of(system, config, planned.name);
  return system.spawn(run_behavior, std::make_shared<run_config>(std::move(config)), agents);
}

} // namespace avp
