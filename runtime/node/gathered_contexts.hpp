// The contexts of a hop, wanted and come.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

#include "agents/cancellation.hpp"
#include "gpu/device_actor.hpp"
#include "gpu/device_observer.hpp"
#include "gpu/failure.hpp"
#include "gpu/recipe.hpp"
#include "runtime/node/data_peer.hpp"
#include "transport/payload.hpp"

namespace avp {

/// A context that a hop continues on.
struct needed_context {
  std::shared_ptr<const recipe> history;
  payload here;                    ///< Where it is on a device of this process already.
  std::optional<data_peer> holder; ///< Where another node holds it.
};

/// Where contexts are brought, and for whom.
struct gather_target {
  device_actor device;
  std::string model;
  std::uint64_t task = 0;                       ///< As in request.
  std::string label;                            ///< As in request.
  std::shared_ptr<avp::cancellation> cancelled; ///< Of the task; may be empty. What is under way is given up then.
};

/// All contexts of a hop, in the order of the wishes.
struct gathered_contexts {
  std::vector<payload> contexts;
  std::vector<std::uint64_t> wire_bytes; ///< That came over a socket for each.
  std::optional<failure> why_not;        ///< Why one can't be had; nothing when all are there.
  std::chrono::steady_clock::time_point begun;
  std::chrono::steady_clock::time_point ended; ///< When the last one was on the device; `begun` where all were there.

  [[nodiscard]] double milliseconds() const { return std::chrono::duration<double, std::milli>(ended - begun).count(); }
};

/// The getting of contexts as traces show it; nothing where all were there.
[[nodiscard]] std::optional<request_record> fetch_record(const gather_target& target, const gathered_contexts& came);

} // namespace avp

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(avp::gathered_contexts)
