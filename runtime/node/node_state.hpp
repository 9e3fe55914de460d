// State of the actor of a node that does the hops that node zero orders.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <caf/typed_event_based_actor.hpp>

#include "runtime/node/model_loader.hpp"
#include "runtime/node/node_host.hpp"
#include "runtime/node/node_parts.hpp"
#include "runtime/node/node_session.hpp"

namespace avp {

/// Sessions in node_state.cpp, hops in node_hops.cpp.
class node_state {
public:
  explicit node_state(node_host::pointer self) : self_(self) {}
  node_state(const node_state&) = delete;
  node_state& operator=(const node_state&) = delete;
  ~node_state(); ///< Ends what belongs to sessions.

  void start(const node_parts& parts);

  // -- sessions -------------------------------------------------------------------------------------------------------

  caf::result<node_welcome> greet(const node_greeting& greeting);
  void take_agent(const agent_order& order);
  [[nodiscard]] node_heartbeat answer(const node_ping& ping);
  [[nodiscard]] node_status status() const;
  void leave();
  void down(const caf::down_msg& message);

  // -- hops -----------------------------------------------------------------------------------------------------------

  void take_hop(const hop_order& order);
  void cancel(std::uint64_t hop);
  void drop(std::uint64_t hop);
  caf::result<send_report> send_context(send_order& order);
  caf::result<send_report> ask(const ask_holder& asked);

private:
  using session_place = std::map<std::uint64_t, node_session>::iterator;

  [[nodiscard]] node_session* session_of_sender();
  [[nodiscard]] node_session* session(std::uint64_t number);
  [[nodiscard]] std::vector<std::string> missing_kinds(const std::vector<std::string>& wanted) const;
  void start_agent_of(node_session& session, hosted_agent& agent);
  void start_gatherer_of(node_session& session);
  void agent_down(node_session& session, hosted_agent& agent, std::uint64_t number, const failure& why);
  void gatherer_down(node_session& session, const failure& why);
  void end(session_place place);
  void quit_when_done();

  void run(std::uint64_t number, const hop_order& order, gathered_contexts contexts);
  void done(std::uint64_t number, std::uint64_t hop, hop_output& made);
  void failed(std::uint64_t number, std::uint64_t hop, const failure& why);
  std::optional<hosted_hop> close(std::uint64_t number, std::uint64_t hop);
  void release(const std::vector<std::string>& ids);

  node_host::pointer self_;
  node_parts parts_;
  model_loader loader_;
  std::map<std::uint64_t, node_session> sessions_;
  std::uint64_t next_session_ = 1;
  std::uint64_t hops_done_ = 0;
  bool leaving_ = false;
};

} // namespace avp
