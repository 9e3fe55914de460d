// What came of a hop, and the actor that tells it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "agents/hop.hpp"

namespace avp {

/// What came of a hop.
struct hop_output {
  avp::output output;
  avp::counts counts;
  finish_reason finish = finish_reason::end_of_turn; ///< Of its answer.
  double ms = 0;                              ///< From the hop's arrival to its end, waiting for the device included.
  std::string node = "local";                 ///< Where it was done.
  int retries = 0;                            ///< How often it was begun anew because its node was lost.
  std::vector<std::uint64_t> wire_bytes = {}; ///< That came over a socket for each of its contexts.
  double fetch_ms = 0;                        ///< Until the contexts that were not there were on its device.
  avp::thought thought = {};                  ///< What its latent steps were like.
};

/// One actor per agent serves all tasks. A hop fails with an error that failure_of() reads.
using agent_actor = caf::typed_actor<caf::replies_to<hop_input>::with<hop_output>>;

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::hop_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::hop_output)
