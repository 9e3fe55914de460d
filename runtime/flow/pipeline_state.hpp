// State of the actor of a pipeline.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include "runtime/flow/active_task.hpp"
#include "runtime/flow/pipeline_actor.hpp"
#include "runtime/flow/pipeline_config.hpp"

namespace avp {

/// An agent of the plan with what its hops need, made once.
struct running_agent {
  const planned_agent* plan = nullptr;
  std::shared_ptr<const prompt_template> prompt;
  agent_actor actor;
};

/// Starts an agent of the plan where its pipeline wants it. Throws what its constructor throws.
[[nodiscard]] agent_actor start_agent_of(caf::actor_system& system, const pipeline_config& config,
                                         const planned_agent& planned);

/// Tasks in pipeline_state.cpp, their hops in pipeline_hops.cpp, those that were done before in pipeline_replay.cpp.
class pipeline_state {
public:
  explicit pipeline_state(pipeline_actor::pointer self) : self_(self) {}
  pipeline_state(const pipeline_state&) = delete;
  pipeline_state& operator=(const pipeline_state&) = delete;
  ~pipeline_state();

  void start(pipeline_config config, const std::map<std::string, agent_actor>& agents);
  caf::typed_response_promise<task_result> take(task_input& input);
  caf::typed_response_promise<pipeline_broken> watch();
  void cancel(std::uint64_t place);
  void down(const caf::down_msg& message);

private:
  [[nodiscard]] bool runs(const std::shared_ptr<const task>& one) const;
  void for_task(std::uint64_t place, const std::function<void()>& work);
  void advance(std::uint64_t place);
  void restore(std::uint64_t place);
  bool replay(active_task& active, const running_agent& at);
  void note_received(active_task& active, const running_agent& at, const recipe* made, agent_result& part) const;
  void tell(const active_task& active, agent_result part, const output& made);
  void send_hop(active_task& active, running_agent& to);
  hop_input make_input(active_task& active, const running_agent& to);
  void hop_done(std::uint64_t place, running_agent& at, const agent_actor& asked, hop_output& output);
  void hop_failed(std::uint64_t place, running_agent& at, const agent_actor& asked, const failure& why);
  bool close_hop(std::uint64_t place, const std::string& agent, const agent_actor& asked);
  void agent_down(running_agent& at, const agent_actor& dead, const failure& why);
  void restart(running_agent& at);
  void finish(std::uint64_t place);
  void break_off(const failure& why);

  pipeline_actor::pointer self_;
  pipeline_config config_;
  std::map<std::string, running_agent> agents_;
  std::map<std::uint64_t, active_task> tasks_; // by place
  std::vector<caf::typed_response_promise<pipeline_broken>> watchers_;
  bool broken_ = false;
};

} // namespace avp
