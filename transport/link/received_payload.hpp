// What the receiving end of a link hands on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "transport/error.hpp"
#include "transport/payload.hpp"

namespace avp {

/// The other end of a link.
struct link_peer {
  std::uint64_t incarnation = 0; ///< A restarted sender has another one.
  std::string name;              ///< As it calls itself; nothing proves it.
  std::string public_key;        ///< Its CURVE key, proved; empty on a link without CURVE.
};

/// A payload that came over a link. Its body is the memory into which the socket read; the sender gets its credit back
/// when that memory is freed.
struct received_payload {
  payload content;
  link_peer from;
  std::uint64_t wire_bytes = 0; ///< Bytes of its AVP messages on the socket.
};

/// Whom a receiver tells. Called on its own thread, one call at a time; none may block for long, because nothing else
/// is received meanwhile.
struct receiver_handlers {
  /// A payload came. The sender is told so when the call returns.
  std::function<void(received_payload)> on_payload;
  /// A sender went silent for longer than the set time (peer_lost), or left a split payload unfinished (bad_part).
  std::function<void(const link_peer&, const error&)> on_peer_lost;
  /// Says whether a payload is still wanted, by the metadata of each message of it. One that is not is dropped with all
  /// that came of it, and its sender stops sending it: there it fails with rejected. Where this is empty, all are.
  std::function<bool(const metadata&)> is_wanted;
};

} // namespace avp
