// The actor that brings the contexts of hops onto a device of this process.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "runtime/node/exchange_actor.hpp"
#include "runtime/node/gathered_contexts.hpp"
#include "runtime/node/kept_contexts.hpp"
#include "runtime/node/node_messages.hpp"

namespace avp {

/// The contexts of a hop are wanted, each from where it is: this process, its holder, or, where the holder is gone or
/// can't send, the device, which makes it by its recipe. Answered with gathered_contexts.
struct gather_contexts {
  std::vector<needed_context> wishes;
  gather_target target;
};

/// A holder is to be asked to send, by way of the control plane. Answered with send_report.
struct ask_holder {
  std::uint64_t session = 0; ///< That of the gatherer.
  send_order order;
};

/// Who knows how holders are reached.
using holder_asker = caf::typed_actor<caf::replies_to<ask_holder>::with<send_report>>;

/// Any number of hops at a time.
using context_gatherer = caf::typed_actor<caf::replies_to<gather_contexts>::with<gathered_contexts>>;

/// What a gatherer works with.
struct gatherer_parts {
  exchange_actor exchange;
  std::shared_ptr<const kept_contexts> kept;
  std::chrono::milliseconds patience{5000}; ///< For a context that another node sends; then it is made anew.
  holder_asker asker;
  std::uint64_t session = 0; ///< By which `asker` knows for whom it asks.
};

/// Starts a gatherer, which lives until it is sent an exit. At its end every hop that it has is answered with
/// request_receiver_down; whoever asks it monitors it to learn why.
[[nodiscard]] context_gatherer start_gatherer(caf::actor_system& system, gatherer_parts parts);

/// Why a hop failed whose gatherer died.
[[nodiscard]] failure gatherer_died(const std::string& node, const std::string& agent, const failure& why);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::gather_contexts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::ask_holder)
