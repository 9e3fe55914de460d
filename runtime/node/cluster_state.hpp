// State of the actor of node zero that talks to the other nodes.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <avp/runtime/node/cluster_actor.hpp>
#include <avp/runtime/node/cluster_messages.hpp>

namespace avp {

/// From the thread that tries an address.
struct node_reached {
  std::string node;
  std::uint64_t session = 0;
  bool reached = false;
};

/// A hop that is to be done on other nodes.
struct placed_hop {
  std::shared_ptr<const placed_agent> agent;
  hop_input input;
  caf::typed_response_promise<hop_output> answer;
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<const void>> inputs; ///< What its contexts are held by.

  std::string node; ///< Where it is under way; empty while it waits for one.
  std::uint64_t session = 0;
  std::chrono::steady_clock::time_point waits_since;
  int retries = 0;
  std::size_t words_told = 0; ///< Bytes of its answer that were passed on.
  std::size_t words_come = 0; ///< Bytes of its answer that came from the node that has it now.
};

/// Connections in cluster_actor.cpp, heartbeats in cluster_news.cpp, hops in cluster_hops.cpp, contexts between nodes
/// in cluster_transfers.cpp.
class cluster_state {
public:
  explicit cluster_state(caf::event_based_actor* self) : self_(self) {}

  void start(cluster_parts parts);

  // -- connections ----------------------------------------------------------------------------------------------------

  void tick();
  caf::result<nodes_ready> prepare(const prepare_nodes& asked);
  void reached(const node_reached& what);
  void pulse(const node_pulse& pulse);
  caf::result<news_collected> collect();
  void farewell();
  void down(const caf::down_msg& message);
  caf::result<send_report> pass_on(send_order& order);

  // -- hops -----------------------------------------------------------------------------------------------------------

  caf::result<hop_output> place(place_hop& asked);
  caf::result<gathered_contexts> gather(const gather_here& asked);
  void report(hop_report& report);
  void words(const words_report& words);
  void dropped(const context_dropped& gone);

private:
  using clock = std::chrono::steady_clock;

  [[nodiscard]] cluster_node* find(const std::string& name);
  [[nodiscard]] cluster_node* sender();
  [[nodiscard]] cluster_node* holder_of(const context_holder& holder);
  void connect(cluster_node& node);
  void open(cluster_node& node);
  void greet(cluster_node& node, caf::actor actor);
  void welcomed(cluster_node& node, const node_welcome& welcome);
  [[nodiscard]] std::vector<std::string> objections(const cluster_node& node, const node_welcome& welcome);
  void not_there(cluster_node& node, const std::string& why);
  void lose(cluster_node& node, const std::string& why);
  void answer_if_ready();
  void ping(cluster_node& node);
  void answer_if_collected();
  void send_from_here(const cluster_node& to, const send_order& order, caf::typed_response_promise<send_report> answer);
  void ask_holder(send_order order, const std::function<void(const std::string&)>& failed);

  [[nodiscard]] cluster_node* choose(const placed_hop& hop);
  void begin(std::uint64_t id);
  void order(std::uint64_t id, placed_hop& hop, cluster_node& node);
  [[nodiscard]] context_order order_of_context(const payload& context, placed_hop& hop);
  void begin_waiting();
  void redo(const std::string& node, std::uint64_t session);
  void give_up_waiting();
  void fail(std::uint64_t id, const std::string& why);
  void finish(std::uint64_t id, placed_hop hop, const cluster_node& node, hop_report& report);
  [[nodiscard]] payload context_of(const placed_hop& hop, const cluster_node& node, const hop_report& report);

  caf::event_based_actor* self_;
  cluster_parts parts_;
  std::shared_ptr<context_gatherer> gatherer_;
  std::map<std::string, cluster_node> nodes_;
  std::map<std::string, std::pair<std::string, model_report>> known_models_; // and where, by name
  std::optional<caf::typed_response_promise<nodes_ready>> preparing_;
  clock::time_point prepare_until_;
  std::vector<caf::typed_response_promise<news_collected>> collecting_;
  std::uint64_t next_session_ = 1;
  std::uint64_t next_ping_ = 1;
  std::map<std::uint64_t, placed_hop> hops_;
  std::uint64_t next_hop_ = 1;
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::node_reached)
