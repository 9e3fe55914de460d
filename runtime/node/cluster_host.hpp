// Node zero's connections to the other nodes, with what they tell themselves.
#pragma once

#include <cstdint>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>

#include "runtime/node/cluster_actor.hpp"
#include "runtime/node/context_gatherer.hpp"
#include "transport/error.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

/// From the thread that tries an address.
struct node_reached {
  std::string node;
  std::uint64_t session = 0;
  expected<tcp_address> where; ///< Where somebody answers: a number, as CAF takes it.
};

/// The task of a hop was cancelled.
struct hop_cancelled {
  std::uint64_t hop = 0;
};

using tick_atom = caf::atom_constant<caf::atom("tick")>;

using cluster_host =
    cluster_actor::extend<caf::reacts_to<tick_atom>, caf::reacts_to<node_reached>, caf::reacts_to<hop_cancelled>,
                          caf::replies_to<ask_holder>::with<send_report>>;

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::node_reached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::hop_cancelled)
