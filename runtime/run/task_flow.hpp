// One task on its way through a plan: who can begin, on which contexts, and who is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <avp/agents/hop.hpp>
#include <avp/runtime/pipeline/plan.hpp>
#include <avp/runtime/results/task_result.hpp>

namespace avp {

/// What tasks have to know of one agent; the same for all of them.
struct flow_station {
  planned_agent plan;
  std::vector<std::string> from; ///< Direct predecessors in the flow.
  std::vector<std::string> to;   ///< Direct successors.
  std::size_t readers = 0;       ///< Agents that continue on its context.
  bool may_fail = false;         ///< Whether a task goes on without it.
  bool answers_task = false;     ///< Whether its text is the task's.
};

/// The stations of a plan, in its order.
[[nodiscard]] std::vector<flow_station> stations_of(const plan& planned, const pipeline& p);

/// Follows one task. An agent is left out when it failed and may, or when those who hand over to it picked others.
/// Agents behind one that failed go on without it: its text is empty, a join takes the branches that are there, and an
/// agent with no other predecessor gets what the failed one had been given. A join all of whose branches failed fails.
/// An agent that only gets what nobody picked it for is left out, too. Contexts are let go when the last reader has
/// them.
class task_flow {
public:
  /// An agent that failed and was left out.
  struct failure {
    std::string agent;
    std::string reason;
  };

  /// `stations` outlive the object.
  explicit task_flow(const std::vector<flow_station>& stations);

  /// Agents whose turn has come, each once. None after an error.
  [[nodiscard]] std::vector<const flow_station*> begin_ready();

  /// What an agent that begins continues on; to be taken once.
  [[nodiscard]] std::vector<payload> take_contexts(const flow_station& of);

  /// Texts of agents that are through, empty for those left out; none of agents that make no text.
  [[nodiscard]] std::map<std::string, std::string> texts() const;

  /// An agent is through. It fails where its output picks somebody that it does not hand over to.
  void done(const flow_station& at, output made);

  /// An agent failed. Where that is not allowed, so does the task.
  void fail(const flow_station& at, const std::string& reason);

  /// Agents that failed and were left out since the last call.
  [[nodiscard]] std::vector<failure> take_failures();

  /// Why the task failed; empty when it did not.
  [[nodiscard]] const std::string& error() const { return error_; }

  /// What went over a socket for each of the contexts that an agent took, in bytes; counts for those that made them.
  void travelled(const flow_station& to, const std::vector<std::uint64_t>& wire_bytes);

  /// What an agent handed over so far.
  [[nodiscard]] handed_over handed_by(const std::string& agent) const;

private:
  enum class state : std::uint8_t { running, done, failed, left_out };

  /// A context and who made it.
  struct handed_context {
    payload context;
    std::string maker;
  };

  [[nodiscard]] bool is(const std::string& agent, state expected) const;
  [[nodiscard]] bool hands_to(const std::string& from, const std::string& to) const;
  [[nodiscard]] bool is_ready(const flow_station& at) const;
  bool goes_on(const flow_station& at);
  [[nodiscard]] std::vector<handed_context> gather(const flow_station& to);
  void leave_out(const flow_station& at);
  void hand_on(const flow_station& at, std::vector<handed_context> contexts);

  const std::vector<flow_station>& stations_;
  std::map<std::string, state> states_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::string>> picked_;      // successors, of those who picked
  std::map<std::string, std::vector<handed_context>> contexts_; // what readers of an agent get
  std::map<std::string, std::vector<handed_context>> given_;    // to agents that run and may fail
  std::map<std::string, std::size_t> unread_;                   // readers that have yet to come
  std::map<std::string, handed_over> handed_;                   // by maker
  std::map<std::string, std::vector<std::string>> taken_from_;  // makers of what an agent took
  std::map<std::string, std::string> reasons_;                  // of failures
  std::vector<failure> failures_;
  std::string error_;
};

} // namespace avp
