// State of the actor that runs a plan.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>

#include <avp/runtime/os/work_threads.hpp>
#include <avp/runtime/run/restored_hops.hpp>
#include <avp/runtime/run/run_actor.hpp>
#include <avp/runtime/run/task_flow.hpp>

namespace avp {

/// From the feed: the next record, or the end of the input.
struct new_item {
  std::optional<input_item> item;
};

/// From a scoring thread: a result with its score, or why it has none.
struct scored_result {
  task_result result;
  std::string problem;
};

/// Starts the agent of that name where its pipeline wants it. Throws what its constructor throws.
[[nodiscard]] agent_actor start_agent_of(caf::actor_system& system, const run_config& config, const std::string& name);

/// An agent of the plan with what its hops need, made once.
struct station {
  const flow_station* at = nullptr;
  std::shared_ptr<const prompt_template> prompt;
  agent_actor actor;
};

/// A task in flight.
struct active_task {
  explicit active_task(const std::vector<flow_station>& stations) : flow(stations) {}

  std::shared_ptr<const avp::task> task;
  task_result result;
  std::string setup; ///< Of the program that the answer is.
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  task_flow flow;
  std::map<std::string, restored_hop> restored; ///< Those that need not be done again, by agent.
  std::map<std::string, agent_actor> open;      ///< Hops under way, and who was asked.
};

/// Tasks in run_actor.cpp, their hops in run_hops.cpp, what the journal has of them in run_journal.cpp.
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
  std::vector<flow_station> flow_;        ///< Of every task.
  std::unique_ptr<work_threads> scoring_; ///< Programs run for seconds, so not in the actor.
  std::size_t being_scored_ = 0;
  std::map<std::string, station> stations_;
  std::map<std::string, active_task> tasks_;
  std::uint64_t next_place_ = 0;
  bool input_ended_ = false;
  bool ended_ = false;
  std::string fatal_;
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::new_item)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::scored_result)
