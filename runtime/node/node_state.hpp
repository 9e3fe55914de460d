// State of the actor of a node that does the hops that node zero orders.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <caf/event_based_actor.hpp>

#include <avp/runtime/node/context_gatherer.hpp>
#include <avp/runtime/node/model_loader.hpp>
#include <avp/runtime/node/node_actor.hpp>
#include <avp/runtime/node/node_messages.hpp>
#include <avp/runtime/node/node_session.hpp>

namespace avp {

/// Sessions in node_actor.cpp, hops in node_hops.cpp.
class node_state {
public:
  explicit node_state(caf::event_based_actor* self) : self_(self) {}

  void start(const node_parts& parts);

  // -- sessions -------------------------------------------------------------------------------------------------------

  caf::result<node_welcome> greet(const node_greeting& greeting);
  void take_agent(const agent_order& order);
  [[nodiscard]] node_pulse pulse(const node_ping& ping);
  [[nodiscard]] node_status status() const;
  void leave();
  void down(const caf::down_msg& message);

  // -- hops -----------------------------------------------------------------------------------------------------------

  void take_hop(const hop_order& order);
  void drop(std::uint64_t hop);
  caf::result<send_report> send_context(send_order& order);

private:
  using session_place = std::map<std::uint64_t, node_session>::iterator;

  [[nodiscard]] node_session* session_of_sender();
  [[nodiscard]] node_session* session(std::uint64_t number);
  [[nodiscard]] std::vector<std::string> missing_kinds(const std::vector<std::string>& wanted) const;
  void start_agent_of(node_session& session, hosted_agent& agent);
  void agent_down(node_session& session, hosted_agent& agent, std::uint64_t number, const std::string& reason);
  void end(session_place place);
  void quit_when_done();

  void ask_holder(const caf::actor& zero, const send_order& order,
                  const std::function<void(const std::string&)>& failed);
  void run(std::uint64_t number, const hop_order& order, gathered_contexts contexts);
  void done(std::uint64_t number, std::uint64_t hop, hop_output& made);
  void failed(std::uint64_t number, std::uint64_t hop, const std::string& why);
  std::optional<hosted_hop> close(std::uint64_t number, std::uint64_t hop);
  void release(const std::vector<std::string>& ids);

  caf::event_based_actor* self_;
  node_parts parts_;
  model_loader loader_;
  std::map<std::uint64_t, node_session> sessions_;
  std::uint64_t next_session_ = 1;
  std::uint64_t hops_done_ = 0;
  bool leaving_ = false;
};

} // namespace avp
