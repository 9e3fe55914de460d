// Routing: every hop is a request to an agent's actor, so a dead agent answers with an error and no task is lost.
#include <algorithm>
#include <chrono>
#include <memory>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <avp/gpu/context.hpp>
#include <avp/gpu/device_error.hpp>
#include <avp/runtime/restored_hops.hpp>
#include <avp/runtime/run_actor.hpp>
#include <avp/runtime/score.hpp>
#include <avp/runtime/task_flow.hpp>
#include <avp/runtime/work_threads.hpp>

namespace avp {

namespace {

// From the feed: the next record, or the end of the input.
struct new_item {
  std::optional<input_item> item;
};

// From a scoring thread: a result with its score, or why it has none.
struct scored_result {
  task_result result;
  std::string problem;
};

} // namespace

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::new_item)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::scored_result)

namespace avp {

namespace {

agent_actor start_agent_of(caf::actor_system& system, const run_config& config, const std::string& name) {
  const auto& spec = config.pipeline->agent(name);
  const auto device = config.devices.find(spec.model); // an agent of one's own may have no model
  const auto asked = device == config.devices.end() ? device_actor{} : device->second;
  return config.nodes ? config.nodes->start_agent(*config.kinds, spec, asked)
                      : start_agent(system, *config.kinds, spec, asked);
}

// An agent of the plan with what its hops need, made once.
struct station {
  const flow_station* at = nullptr;
  std::shared_ptr<const prompt_template> prompt;
  agent_actor actor;
};

struct active_task {
  explicit active_task(const std::vector<flow_station>& stations) : flow(stations) {}

  std::shared_ptr<const avp::task> task;
  task_result result;
  std::string setup; // of the program that the answer is
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  task_flow flow;
  std::map<std::string, restored_hop> restored; // those that need not be done again, by agent
  std::map<std::string, agent_actor> open;      // hops under way, and who was asked
};

class run_state {
public:
  explicit run_state(caf::event_based_actor* self) : self_(self) {}

  void start(run_config config, const std::map<std::string, agent_actor>& agents);
  void take(std::optional<input_item>& item);
  void stop();
  void down(const caf::down_msg& message);
  void take_score(scored_result& scored);

private:
  void begin(const record& record);
  void fail_line(const bad_line& line);
  void advance(const std::string& id);
  void restore(const std::string& id);
  bool replay(active_task& active, const station& at);
  void keep(const active_task& active, agent_result part, const output& made);
  void send_hop(active_task& task, station& to);
  hop_input make_input(active_task& task, const station& to);
  agent_result part_of(const station& at) const;
  void hop_done(const std::string& id, station& at, const agent_actor& asked, hop_output& output);
  void hop_failed(const std::string& id, station& at, const agent_actor& asked, const std::string& reason);
  void agent_down(station& at, const agent_actor& dead, const std::string& reason);
  bool close_hop(const std::string& id, const std::string& agent, const agent_actor& asked);
  void restart(station& at);
  void device_down(const std::string& model, const std::string& reason);
  void finish(const std::string& id);
  void score_program(active_task task);
  void report(task_result result);
  void end_if_idle();

  caf::event_based_actor* self_;
  run_config config_;
  std::unique_ptr<record_feed> feed_;
  std::vector<flow_station> flow_;        // of every task
  std::unique_ptr<work_threads> scoring_; // programs run for seconds, so not here
  std::size_t being_scored_ = 0;
  std::map<std::string, station> stations_;
  std::map<std::string, active_task> tasks_;
  std::uint64_t next_place_ = 0;
  bool input_ended_ = false;
  bool ended_ = false;
  std::string fatal_;
};

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
