// The thread of a context exchange, as others see it.
#pragma once

#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/atom.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "runtime/node/exchange_messages.hpp"
#include "transport/link/received_payload.hpp"

namespace avp {

/// A peer is gone. Where only its link went silent, wishes that are younger than the silence stay: they may be meant
/// for the process that came after it.
struct gone_peer {
  std::string name;
  std::string public_key; ///< Of a link; empty on one without CURVE.
  error why;
  bool is_link = false;
};

using close_atom = caf::atom_constant<caf::atom("close")>;

/// Sends contexts and waits for them. After `close` it fails all that is under way, and ends.
using exchange_actor =
    caf::typed_actor<caf::replies_to<context_dispatch>::with<transfer_outcome>,
                     caf::replies_to<context_wish>::with<transfer_outcome>, caf::reacts_to<ticket_given_up>,
                     caf::reacts_to<wish_given_up>, caf::reacts_to<received_payload>, caf::reacts_to<gone_peer>,
                     caf::reacts_to<close_atom>>;

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::gone_peer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::received_payload)
