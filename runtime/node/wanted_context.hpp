// A context that is to come from another node.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "gpu/device_actor.hpp"
#include "gpu/recipe.hpp"
#include "runtime/node/data_peer.hpp"

namespace avp {

/// A context that another node holds and this one wants on one of its devices.
struct wanted_context {
  data_peer from;
  std::shared_ptr<const recipe> history;
  payload base; ///< A context of the device with which the wanted one begins; without a body the whole is wanted.
  device_actor device;
  std::string model;      ///< Of the device.
  std::uint64_t task = 0; ///< As in request: of which task it is when memory is short.
  std::string label;      ///< As in request: for the trace.
  /// The error peer_lost or timed_out comes at the latest then, counted from expect(). The time that the device takes
  /// to read the context is not in it.
  std::chrono::milliseconds patience{30000};
};

} // namespace avp
