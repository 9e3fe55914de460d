// How a receiver of payloads behaves.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "transport/link/curve_keys.hpp"
#include "transport/message.hpp"

namespace avp {

/// Keys of the bound side of a CURVE link. A sender whose public key is not on the list gets nothing.
struct curve_server {
  key_pair own;
  std::vector<std::string> accepted_keys;
};

/// Options of a receiver.
struct receiver_options {
  /// Where to bind, such as "tcp://0.0.0.0:5555", "tcp://[::1]:5555", "tcp://127.0.0.1:*" or "ipc:///run/avp.sock". A
  /// name is bound at all of its addresses.
  std::string endpoint;
  std::optional<curve_server> curve;
  /// Bytes of payloads that one sender may have in this process's memory. A single larger payload is let in alone.
  std::uint64_t window = std::uint64_t{256} << 20;
  /// Senders at a time; further ones are turned away.
  std::uint32_t max_peers = 64;
  /// The longest AVP message, in bytes; a connection that announces a longer one is closed.
  std::uint64_t max_message_bytes = message_header_bytes + max_payload_length;
  /// The most bytes of split payloads of one sender whose parts are not all here.
  std::uint64_t max_split_bytes = std::uint64_t{64} << 30;
  /// How often the two sides hear of each other when there is nothing else to say.
  std::chrono::milliseconds heartbeat{500};
  /// Silence after which a sender counts as lost. Has to be longer than the largest message takes on the wire.
  std::chrono::milliseconds peer_timeout{5000};
  /// Limits for decoding; those of a compressed payload are for what comes out of it.
  decode_options decode;
};

} // namespace avp
