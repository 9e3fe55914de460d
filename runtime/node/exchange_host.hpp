// The thread of a context exchange, with what it tells itself.
#pragma once

#include <cstdint>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>

#include "runtime/node/exchange_actor.hpp"
#include "transport/link/payload_sender.hpp"

namespace avp {

/// A link has told what became of a dispatch.
struct delivery_report {
  std::uint64_t dispatch = 0;
  expected<send_receipt> receipt;
};

using overdue_atom = caf::atom_constant<caf::atom("overdue")>;
using quit_atom = caf::atom_constant<caf::atom("quit")>;

using exchange_host = exchange_actor::extend<caf::reacts_to<delivery_report>, caf::reacts_to<overdue_atom, std::string>,
                                             caf::reacts_to<quit_atom>>;

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::delivery_report)
