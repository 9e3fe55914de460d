// Node zero, which has the run, as the other nodes know it.
#pragma once

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "runtime/node/node_messages.hpp"

namespace avp {

/// Takes what nodes tell; a send_order is passed on to the holder that it names. Who the sender is says which node it
/// is about.
using zero_actor =
    caf::typed_actor<caf::reacts_to<hop_report>, caf::reacts_to<words_report>, caf::reacts_to<node_farewell>,
                     caf::reacts_to<node_heartbeat>, caf::replies_to<send_order>::with<send_report>>;

} // namespace avp
