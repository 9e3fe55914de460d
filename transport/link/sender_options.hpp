// How a sender of payloads behaves, and whom it tells.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "transport/error.hpp"
#include "transport/link/curve_keys.hpp"
#include "transport/message.hpp"
#include "transport/split.hpp"

namespace avp {

/// What a sender does with unacknowledged payloads when its peer is lost.
enum class on_loss : std::uint8_t {
  fail, ///< They fail with peer_lost, and so does whatever is sent until the peer answers again.
  keep  ///< They wait until the peer is back.
};

/// Keys of the connecting side of a CURVE link.
struct curve_client {
  key_pair own;
  std::string server_key; ///< Public key of the receiver.
};

/// Options of a sender.
struct sender_options {
  /// Where the receiver is bound, such as "tcp://10.0.0.2:5555", "tcp://[fd00::2]:5555", "tcp://name:5555" or
  /// "ipc:///run/avp.sock".
  std::string endpoint;
  /// How the sender calls itself; at most 255 bytes of UTF-8.
  std::string name;
  std::optional<curve_client> curve;
  compression level = compression::none;
  on_loss loss = on_loss::fail;
  /// How often the two sides hear of each other when there is nothing else to say.
  std::chrono::milliseconds heartbeat{500};
  /// Silence after which the peer counts as lost.
  std::chrono::milliseconds peer_timeout{5000};
  /// The most bytes of encoded messages that wait for the socket.
  std::uint64_t max_encoded_bytes = std::uint64_t{128} << 20;
  /// Tensor bytes in one message; a larger payload is split.
  std::uint64_t part_bytes = max_part_bytes;
};

/// What a delivered payload took.
struct send_receipt {
  std::uint64_t wire_bytes = 0; ///< Bytes of its AVP messages, each counted once however often it was sent.
};

/// Hears once what became of a payload: the peer's acknowledgement, or an error: peer_lost, unauthorized, rejected (the
/// peer could not decode it or does not want it any more, or its body threw), too_large, bad_metadata, closed. Called
/// on the sender's thread; must not block.
using send_handler = std::function<void(expected<send_receipt>)>;

} // namespace avp
