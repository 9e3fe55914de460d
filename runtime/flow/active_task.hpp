// A task in a pipeline, from the moment that it was asked for to its answer.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <caf/typed_response_promise.hpp>

#include "agents/agent_actor.hpp"
#include "agents/asked_settings.hpp"
#include "agents/cancellation.hpp"
#include "agents/task.hpp"
#include "runtime/flow/restored_hops.hpp"
#include "runtime/flow/task_flow.hpp"
#include "runtime/results/ended_hop.hpp"

namespace avp {

/// What its pipeline holds of it.
struct active_task {
  explicit active_task(const std::vector<planned_agent>& agents) : flow(agents) {}

  std::shared_ptr<const avp::task> task;
  asked_settings asked;
  task_result result;
  caf::typed_response_promise<task_result> answer;
  std::function<void(std::string_view)> on_text;
  std::function<void(const ended_hop&)> on_hop;
  std::shared_ptr<avp::cancellation> cancelled = std::make_shared<avp::cancellation>();
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  task_flow flow;
  std::vector<ended_hop> done;                  ///< Before it came here, until they are restored.
  std::map<std::string, restored_hop> restored; ///< Those that need not be done again, by agent.
  std::map<std::string, agent_actor> open;      ///< Hops under way, and who was asked.
};

} // namespace avp
