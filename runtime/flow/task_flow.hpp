// One task on its way through a plan: who can begin, on which contexts, and who is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/hop.hpp"
#include "gpu/failure.hpp"
#include "runtime/pipeline/planned_agent.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// How a context of a device of this process came about; null of any other.
[[nodiscard]] std::shared_ptr<const recipe> history_of(const payload& handed);

/// Follows one task. An agent is left out when it failed and may, or when those who hand over to it picked others.
/// Agents behind one that failed go on without it: its text is empty, a join takes the branches that are there, and an
/// agent with no other predecessor gets what the failed one had been given. A join all of whose branches failed fails.
/// An agent that only gets what nobody picked it for is left out, too. Contexts are let go when the last reader has
/// them.
class task_flow {
public:
  /// An agent that failed and was left out.
  struct failed_agent {
    std::string agent;
    failure why;
  };

  /// `agents` are those of a plan, in its order; they outlive the object.
  explicit task_flow(const std::vector<planned_agent>& agents);

  /// Agents whose turn has come, each once. None after an error.
  [[nodiscard]] std::vector<const planned_agent*> begin_ready();

  /// What an agent that begins continues on; to be taken once.
  [[nodiscard]] std::vector<payload> take_contexts(const planned_agent& of);

  /// Texts of agents that are through, empty for those left out; none of agents that make no text.
  [[nodiscard]] std::map<std::string, std::string> texts() const;

  /// An agent is through. It fails where its output picks somebody that it does not hand over to.
  void done(const planned_agent& at, output made);

  /// An agent failed. Where that is not allowed, so does the task.
  void fail(const planned_agent& at, const failure& why);

  /// Agents that failed and were left out since the last call.
  [[nodiscard]] std::vector<failed_agent> take_failures();

  /// Why the task failed; nothing when it did not.
  [[nodiscard]] const std::optional<failure>& why_failed() const { return why_failed_; }

  /// Whose model made each of the contexts that an agent took, where that is another one than the agent's; else empty.
  [[nodiscard]] std::vector<std::string> foreign_makers(const planned_agent& to) const;

  /// What an agent read of agents on other models, as the recipe of its own context tells (null where it has none);
  /// counts what was handed over for those that thought it.
  [[nodiscard]] std::vector<received_thought> received(const planned_agent& to, const recipe* made);

  /// What went over a socket for each of the contexts that an agent took, in bytes; counts for those that made them.
  void travelled(const planned_agent& to, const std::vector<std::uint64_t>& wire_bytes);

  /// What an agent handed over so far.
  [[nodiscard]] handed_over handed_by(const std::string& agent) const;

private:
  enum class state : std::uint8_t { running, done, failed, left_out };

  /// A context and who made it.
  struct handed_context {
    payload context;
    std::string maker;
  };

  /// A context for an agent on another model.
  struct foreign_context {
    std::string maker;
    std::string recipe; // its id
  };

  [[nodiscard]] const std::string& model_of(const std::string& agent) const;
  [[nodiscard]] bool is(const std::string& agent, state expected) const;
  [[nodiscard]] bool hands_to(const std::string& from, const std::string& to) const;
  [[nodiscard]] bool is_ready(const planned_agent& at) const;
  bool goes_on(const planned_agent& at);
  [[nodiscard]] std::vector<handed_context> gather(const planned_agent& to);
  void leave_out(const planned_agent& at);
  void hand_on(const planned_agent& at, std::vector<handed_context> contexts);

  const std::vector<planned_agent>& agents_;
  std::map<std::string, state> states_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::string>> picked_;      // successors, of those who picked
  std::map<std::string, std::vector<handed_context>> contexts_; // what readers of an agent get
  std::map<std::string, std::vector<handed_context>> given_;    // to agents that run and may fail
  std::map<std::string, std::size_t> unread_;                   // readers that have yet to come
  std::map<std::string, handed_over> handed_;                   // by maker
  std::map<std::string, std::vector<std::string>> taken_from_;  // makers of what an agent took
  std::map<std::string, std::vector<foreign_context>> foreign_; // likewise, of those on other models
  std::map<std::string, failure> reasons_;                      // of agents that failed
  std::vector<failed_agent> failures_;
  std::optional<failure> why_failed_;
};

} // namespace avp
