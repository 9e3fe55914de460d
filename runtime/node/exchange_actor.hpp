// The thread of a context exchange: what is under way, and whom to tell.
#pragma once

#include <memory>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <avp/runtime/node/context_exchange.hpp>
#include <avp/runtime/node/traffic_ledger.hpp>
#include <avp/transport/link/payload_sender.hpp>
#include <avp/transport/link/received_payload.hpp>

namespace avp {

/// What the exchange's thread has in common with its callers.
struct exchange_shared {
  exchange_options options;
  kept_contexts contexts;
  traffic_ledger traffic;
};

/// A context is to be sent.
struct outgoing_context {
  data_peer to;
  std::string ticket;
  std::string id;
  std::string prefix;
  context_exchange::sent_handler done;
};

/// A link has told what became of it.
struct delivery_report {
  std::string to;
  std::uint64_t whole_bytes = 0;
  expected<send_receipt> receipt;
  context_exchange::sent_handler done;
};

/// A context is wanted.
struct context_wish {
  std::string ticket;
  wanted_context what;
  context_exchange::ask_handler ask;
  context_exchange::came_handler done;
};

/// A transfer has failed elsewhere.
struct given_up_ticket {
  std::string ticket;
  error why;
};

/// A peer is gone. Where only its link went silent, wishes that are younger than the silence stay: they may be meant
/// for the process that came after it.
struct gone_peer {
  std::string name;
  std::string public_key; ///< Of a link; empty on one without CURVE.
  error why;
  bool is_link = false;
};

using overdue_atom = caf::atom_constant<caf::atom("overdue")>;
using close_atom = caf::atom_constant<caf::atom("close")>;
using quit_atom = caf::atom_constant<caf::atom("quit")>;

/// All of it stays in this process.
using exchange_actor =
    caf::typed_actor<caf::reacts_to<outgoing_context>, caf::reacts_to<delivery_report>, caf::reacts_to<context_wish>,
                     caf::reacts_to<received_payload>, caf::reacts_to<given_up_ticket>, caf::reacts_to<gone_peer>,
                     caf::reacts_to<overdue_atom, std::string>, caf::reacts_to<close_atom>, caf::reacts_to<quit_atom>>;

/// Starts the actor on a thread of its own. After `close` it fails all that is under way, and ends.
[[nodiscard]] exchange_actor start_exchange_actor(caf::actor_system& system, std::shared_ptr<exchange_shared> shared);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::outgoing_context)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::delivery_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::context_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::given_up_ticket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::gone_peer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::received_payload)
