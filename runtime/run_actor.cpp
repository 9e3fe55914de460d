// Routing: every hop is a request to an agent's actor, so a dead agent answers with an error and no task is lost.
#include <algorithm>
#include <chrono>
#include <memory>
#include <set>

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <avp/gpu/context.hpp>
#include <avp/gpu/device_error.hpp>
#include <avp/runtime/run_actor.hpp>
#include <avp/runtime/score.hpp>
#include <avp/transport/message.hpp>

namespace avp {

namespace {

// From the feed: the next record, or the end of the input.
struct new_item {
  std::optional<input_item> item;
};

} // namespace

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::new_item)

namespace avp {

namespace {

agent_actor start_agent_of(caf::actor_system& system, const run_config& config, const std::string& name) {
  const auto& spec = config.pipeline->agent(name);
  const auto device = config.devices.find(spec.model); // an agent of one's own may have no model
  return start_agent(system, *config.kinds, spec, device == config.devices.end() ? device_actor{} : device->second);
}

// An agent of the plan with what its hops need, made once.
struct station {
  planned_agent plan;
  std::shared_ptr<const prompt_template> prompt;
  std::vector<std::string> from; // direct predecessors in the flow
  std::size_t readers = 0;       // agents that continue on its context
  agent_actor actor;
};

struct active_task {
  std::shared_ptr<const avp::task> task;
  task_result result;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::map<std::string, output> outputs;     // of agents that are done
  std::map<std::string, std::size_t> unread; // hops that have yet to take an agent's context
  std::set<std::string> begun;
  std::map<std::string, agent_actor> open; // hops under way, and who was asked
};

class run_state {
public:
  explicit run_state(caf::event_based_actor* self) : self_(self) {}

  void start(run_config config, const std::map<std::string, agent_actor>& agents);
  void take(std::optional<input_item>& item);
  void stop();
  void down(const caf::down_msg& message);

private:
  void begin(const record& record);
  void fail_line(const bad_line& line);
  void advance(const std::string& id);
  void send_hop(active_task& task, station& to);
  hop_input make_input(active_task& task, const station& to);
  void hop_done(const std::string& id, station& at, const agent_actor& asked, hop_output& output);
  void hop_failed(const std::string& id, station& at, const agent_actor& asked, const std::string& reason);
  void agent_down(station& at, const agent_actor& dead, const std::string& reason);
  bool close_hop(const std::string& id, const std::string& agent, const agent_actor& asked);
  void restart(station& at);
  void device_down(const std::string& model, const std::string& reason);
  void finish(const std::string& id);
  void report(task_result result);
  void end_if_idle();

  caf::event_based_actor* self_;
  run_config config_;
  std::unique_ptr<record_feed> feed_;
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
  for (const auto& planned : config_.plan.agents) {
    auto& at = stations_[planned.name];
    at.plan = planned;
    at.prompt = std::make_shared<prompt_template>(planned.prompt);
    at.actor = agents.at(planned.name);
    self_->monitor(at.actor);
    if (planned.context_from)
      ++stations_[*planned.context_from].readers;
  }
  for (const auto& edge : config_.plan.edges)
    stations_[edge.to].from.push_back(edge.from);
  for (const auto& [model, device] : config_.devices)
    self_->monitor(device);
  feed_ = std::make_unique<record_feed>(config_.input, [self = caf::actor(self_)](std::optional<input_item> item) {
    caf::anon_send(self, new_item{std::move(item)});
  });
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
  auto& active = tasks_[record.id];
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
      active.result.expected = prompt_template(scoring->expected).render(made->fields);
    } catch (const missing_variable&) { // a record without that field is run and not scored
    }
  }
  for (const auto& [agent, at] : stations_)
    active.unread[agent] = at.readers;
  advance(record.id);
}

void run_state::advance(const std::string& id) {
  auto& active = tasks_.at(id);
  for (auto& planned : config_.plan.agents) {
    if (!active.result.ok() || active.begun.contains(planned.name))
      continue;
    const auto is_done = [&](const std::string& name) { return active.outputs.contains(name); };
    if (std::all_of(planned.after.begin(), planned.after.end(), is_done))
      send_hop(active, stations_.at(planned.name));
  }
  if (active.open.empty())
    finish(id);
}

hop_input run_state::make_input(active_task& active, const station& to) {
  hop_input input;
  input.task = active.task;
  input.prompt = to.prompt;
  input.makes_text = to.plan.makes_text;
  input.from = to.from;
  for (const auto& [agent, output] : active.outputs)
    if (stations_.at(agent).plan.makes_text)
      input.texts[agent] = output.text;
  if (to.plan.context_from) {
    auto& source = active.outputs.at(*to.plan.context_from);
    input.context = source.context;
    if (--active.unread.at(*to.plan.context_from) == 0)
      source.context = {}; // contexts pin memory: the last reader has it now
  }
  if (config_.stream && to.plan.name == config_.plan.output)
    input.on_text = [observer = config_.observer](std::string_view text) {
      caf::anon_send(observer, answer_piece{std::string(text)});
    };
  return input;
}

void run_state::send_hop(active_task& active, station& to) {
  active.begun.insert(to.plan.name);
  active.open[to.plan.name] = to.actor;
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
  if (!close_hop(id, at.plan.name, asked))
    return;
  auto& active = tasks_.at(id);
  agent_result done;
  done.name = at.plan.name;
  done.kind = at.plan.kind;
  done.node = "local";
  done.text = output.output.text;
  done.ms = output.ms;
  done.counts = output.counts;
  if (const auto* context = dynamic_cast<const avp::context*>(output.output.context.body.get())) {
    const auto edges = static_cast<std::int64_t>(at.readers);
    done.handed_over.context_tokens = edges * context->tokens();
    done.handed_over.context_bytes = at.readers * encoded_size(output.output.context.meta, context->size());
  }
  active.result.agents.push_back(std::move(done));
  if (at.plan.name == config_.plan.output)
    active.result.text = output.output.text;
  if (at.readers == 0)
    output.output.context = {};
  active.outputs[at.plan.name] = std::move(output.output);
  advance(id);
}

void run_state::hop_failed(const std::string& id, station& at, const agent_actor& asked, const std::string& reason) {
  if (!close_hop(id, at.plan.name, asked))
    return;
  tasks_.at(id).result.error = "agent '" + at.plan.name + "': " + reason;
  advance(id);
}

void run_state::restart(station& at) {
  at.actor = start_agent_of(self_->system(), config_, at.plan.name);
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
  if (result.ok() && result.expected)
    result.score = score(config_.pipeline->score->kind, result.text, *result.expected);
  report(std::move(result));
  end_if_idle();
}

void run_state::report(task_result result) {
  self_->send(config_.observer, std::move(result));
  if (!input_ended_ && fatal_.empty())
    feed_->want();
}

void run_state::end_if_idle() {
  if (ended_ || !tasks_.empty() || (!input_ended_ && fatal_.empty()))
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
