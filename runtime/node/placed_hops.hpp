// Hops of node zero on other nodes: placed, done again where a node is lost, answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "runtime/node/cluster_counters.hpp"
#include "runtime/node/cluster_nodes.hpp"
#include "runtime/node/kept_contexts.hpp"
#include "runtime/node/node_port.hpp"
#include "runtime/node/placed_hop.hpp"

namespace avp {

/// What hops are placed with. All of it outlives them.
struct placing {
  cluster_nodes* nodes = nullptr;
  node_port* port = nullptr;
  cluster_counters* counters = nullptr;
  std::shared_ptr<kept_contexts> kept; ///< From which other nodes get contexts of this process.
  std::string public_key;              ///< Of this process; empty without keys.
  std::chrono::milliseconds wait{60000};
  std::function<void(std::uint64_t)> cancelled;       ///< Called with a hop whose task is cancelled, on any thread.
  std::function<void(const context_holder&)> dropped; ///< Called when nobody holds a context of a node any more.
};

/// Belongs to one actor.
class placed_hops {
public:
  using clock = std::chrono::steady_clock;

  explicit placed_hops(placing how) : how_(std::move(how)) {}

  /// Does a hop on one of its agent's nodes, now or when there is one. `tell` is called once, maybe at once.
  void place(std::shared_ptr<const placed_agent> agent, hop_input input, placed_hop::answer tell);

  /// The task of a hop was cancelled: it fails, where it is under way when its node has given it up.
  void cancel(std::uint64_t id);

  /// A node is ready: hops that wait may go there.
  void begin_waiting();

  /// A node is lost: what is under way there begins anew.
  void lose(const std::string& node, std::uint64_t session);

  /// Fails hops that have waited too long for a node.
  void give_up_waiting(clock::time_point now);

  /// Words of an answer came.
  void take(const cluster_node& from, const words_report& words);

  /// A hop is over.
  void take(cluster_node& from, hop_report& report);

private:
  [[nodiscard]] cluster_node* choose(const placed_hop& hop);
  void begin(std::uint64_t id);
  void order(std::uint64_t id, placed_hop& hop, cluster_node& node);
  [[nodiscard]] context_order order_of_context(const payload& context, placed_hop& hop);
  [[nodiscard]] placed_hop close(std::uint64_t id);
  void fail(std::uint64_t id, const failure& why);
  void finish(placed_hop hop, const cluster_node& node, hop_report& report);
  [[nodiscard]] payload context_of(const placed_hop& hop, const cluster_node& node, const hop_report& report) const;

  placing how_;
  std::map<std::uint64_t, placed_hop> hops_;
  std::uint64_t next_ = 1;
};

} // namespace avp
