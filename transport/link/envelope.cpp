// Envelopes to and from bytes.
#include "transport/link/envelope.hpp"

#include <fmt/format.h>

#include "transport/little_endian.hpp"

namespace avp {

namespace {

constexpr std::uint8_t link_version = 1;

constexpr std::uint64_t envelope::*fields[] = {&envelope::incarnation,  &envelope::id,     &envelope::received,
                                               &envelope::acknowledged, &envelope::credit, &envelope::window,
                                               &envelope::echo};

} // namespace

std::array<std::byte, envelope_bytes> encode_envelope(const envelope& e) {
  std::array<std::byte, envelope_bytes> frame{std::byte{'A'}, std::byte{'L'}, std::byte{link_version},
                                              static_cast<std::byte>(e.kind)};
  auto* at = frame.data() + 4;
  for (const auto field : fields) {
    store_little_endian(e.*field, at);
    at += sizeof(std::uint64_t);
  }
  return frame;
}

expected<envelope> decode_envelope(std::span<const std::byte> frame) {
  if (frame.size() != envelope_bytes)
    return fail(errc::bad_envelope,
                fmt::format("Link: an envelope has {} bytes, this frame has {}.", envelope_bytes, frame.size()));
  if (frame[0] != std::byte{'A'} || frame[1] != std::byte{'L'} || frame[2] != std::byte{link_version})
    return fail(errc::bad_envelope, "Link: the frame does not begin as an envelope of version 1 does.");
  const auto kind = std::to_integer<std::uint8_t>(frame[3]);
  if (kind < static_cast<std::uint8_t>(envelope_kind::hello) ||
      kind > static_cast<std::uint8_t>(envelope_kind::unknown))
    return fail(errc::bad_envelope, fmt::format("Link: {} is no kind of envelope.", kind));
  envelope e;
  e.kind = static_cast<envelope_kind>(kind);
  const auto* at = frame.data() + 4;
  for (const auto field : fields) {
    e.*field = load_little_endian<std::uint64_t>(at);
    at += sizeof(std::uint64_t);
  }
  return e;
}

} // namespace avp
