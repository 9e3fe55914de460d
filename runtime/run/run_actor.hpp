// The actor that runs a plan: starts tasks, routes what agents hand over, restarts agents that die.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <avp/agents/agent_actor.hpp>
#include <avp/runtime/journal/journal.hpp>
#include <avp/runtime/node/cluster.hpp>
#include <avp/runtime/pipeline/plan.hpp>
#include <avp/runtime/results/task_result.hpp>
#include <avp/runtime/run/record_feed.hpp>
#include <avp/runtime/score/program_scorer.hpp>

namespace avp {

/// Everything that a run of one mode needs. All pointers outlive the actor.
struct run_config {
  const avp::pipeline* pipeline = nullptr;
  const registry* kinds = nullptr;
  avp::plan plan;
  std::map<std::string, device_actor> devices; ///< By the name of each model on it.
  cluster* nodes = nullptr;                    ///< Where some agents run on other nodes.
  std::size_t concurrency = 1;                 ///< Tasks in flight at most.
  std::uint64_t first_place = 0;               ///< task::place of the first task; later ones count on.
  std::optional<sweep_point> sweep;            ///< The point of a sweep that this is, for the results.
  std::optional<std::int64_t> prefix_scope;    ///< As task::prefix_scope, for every task.
  bool stream = false;                         ///< Whether the observer gets the answering agent's words as they come.
  caf::actor observer;                         ///< Gets task_begun, task_result, answer_piece, and run_ended at last.
  std::shared_ptr<const program_scorer> programs;      ///< Where the score's kind is python.
  record_feed::source input;                           ///< Gives the records; called on a thread of its own.
  std::shared_ptr<avp::journal> journal;               ///< Told of every hop that ends; may be empty.
  std::map<std::string, std::vector<saved_hop>> saved; ///< Hops of tasks to come that need not be done again.
};

/// To the run actor: start no more tasks, finish those that run.
struct stop_run {};

/// To the observer: a task was admitted.
struct task_begun {
  std::string task;
  std::uint64_t place = 0; ///< As in task::place.
};

/// To the observer: words of the answering agent.
struct answer_piece {
  std::string text;
};

/// To the observer: nothing more will come.
struct run_ended {
  std::string error; ///< Why it ended early; empty when all tasks had their turn.
};

/// Starts the actor and its agents. Throws what an agent's constructor throws.
[[nodiscard]] caf::actor start_run(caf::actor_system& system, run_config config);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::stop_run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::task_begun)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::answer_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::run_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::task_result)
