// What an exchange of contexts is asked and tells. All of it stays in this process.
#pragma once

#include <cstdint>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "runtime/node/data_peer.hpp"
#include "runtime/node/moved_context.hpp"
#include "runtime/node/wanted_context.hpp"
#include "transport/error.hpp"

namespace avp {

/// A context that went or came, or why it did not.
struct transfer_outcome {
  expected<moved_context> moved;
};

/// To an exchange: send the positions of a kept context that follow those of `prefix`, the id of a context with which
/// it begins (leading_parent in gpu/recipe.hpp, any number of times); all positions where it is empty. Answered with
/// transfer_outcome when the peer has it: invalid_argument where no such context is kept or the prefix is none of it,
/// rejected where the device took its memory back or the peer refused it, peer_lost, unauthorized, closed.
struct context_dispatch {
  data_peer to;
  std::string ticket; ///< As ticket_opened gave it to the receiver.
  std::string id;     ///< Of the context's recipe.
  std::string prefix;
};

/// From an exchange: the holder of a wanted context may be asked for it now.
struct ticket_opened {
  std::uint64_t wish = 0; ///< The number of the wish.
  std::string ticket;
};

/// Who asks holders.
using ticket_taker = caf::typed_actor<caf::reacts_to<ticket_opened>>;

/// To an exchange: wait for a context and read it onto the device. `asker` gets ticket_opened when the holder is to be
/// asked; it does not where the same context is on its way to the same device and model already, and the answer is that
/// one. Answered with transfer_outcome: timed_out, peer_lost, rejected (what came is not what was wanted, or the device
/// refused it), closed, or what ticket_given_up says. A wish that no device could grant (no recipe, no device) is
/// invalid_argument.
struct context_wish {
  wanted_context what;
  ticket_taker asker;       ///< May be no actor: nobody is asked, and it comes or does not.
  std::uint64_t number = 0; ///< By which `asker` knows the wish.
};

/// To an exchange: the transfer has failed elsewhere. Ignored where it is over.
struct ticket_given_up {
  std::string ticket;
  error why;
};

/// To an exchange: who asked has no use for the context any more. The wish is answered with closed; where nobody else
/// waits for the same context, it is not sent on, and what has come of it is dropped. Ignored where it is over.
struct wish_given_up {
  ticket_taker asker;
  std::uint64_t number = 0;
};

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::transfer_outcome)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::context_dispatch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::ticket_opened)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::context_wish)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::ticket_given_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::wish_given_up)
