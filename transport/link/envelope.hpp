// What stands in front of an AVP message on a ZeroMQ link, and what goes back: frame 0 of everything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "transport/error.hpp"

namespace avp {

/// What a frame is for.
enum class envelope_kind : std::uint8_t {
  hello = 1,   ///< Sender: here I am, everything up to `id` is done with. Frame 1 is the sender's name.
  data = 2,    ///< Sender: message `id`. Frame 1 is the AVP message.
  beat = 3,    ///< Sender: I live, `id` is the last message that I sent. `echo` counts the beats.
  report = 4,  ///< Receiver: I live; what came, what was handed on, how much more may come.
  refusal = 5, ///< Receiver: message `id`, with the rest of its payload, is not taken; `echo` is the error's code.
  unknown = 6, ///< Receiver: I do not know you, say hello (again).
};

/// Frame 0. On the wire: "AL", version 1, the kind, then the fields below as 64-bit little-endian integers.
struct envelope {
  envelope_kind kind = envelope_kind::beat;
  std::uint64_t incarnation = 0;  ///< Random number that the writer drew when it was made; a restart draws another.
  std::uint64_t id = 0;           ///< Message; the sender counts them from 1.
  std::uint64_t received = 0;     ///< In reports: all messages up to this one have come.
  std::uint64_t acknowledged = 0; ///< In reports: all messages up to this one have been handed on.
  std::uint64_t credit = 0;       ///< In reports: tensor and metadata bytes that may come beyond `received`.
  std::uint64_t window = 0;       ///< In reports: the credit when nothing that came before is still in memory.
  std::uint64_t echo = 0;         ///< In reports: the number of the last beat that came.

  bool operator==(const envelope&) const = default;
};

/// Length of an envelope on the wire, in bytes.
inline constexpr std::size_t envelope_bytes = 4 + 7 * 8;

/// Writes an envelope.
[[nodiscard]] std::array<std::byte, envelope_bytes> encode_envelope(const envelope& e);

/// Reads an envelope. Fails with bad_envelope when the length, the first bytes, the version or the kind are wrong.
[[nodiscard]] expected<envelope> decode_envelope(std::span<const std::byte> frame);

} // namespace avp
