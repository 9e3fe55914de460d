// Error values of the transport room: a named code, and a sentence for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "transport/name_table.hpp"

namespace avp {

/// What went wrong. The names (see to_string) are what `avp-inspect` prints and what tests compare.
enum class errc : std::uint8_t {
  too_short = 1,        ///< Fewer bytes than the fixed header has.
  bad_magic,            ///< The first two bytes are not "AV".
  unsupported_version,  ///< A wire version that this codec does not know.
  truncated,            ///< Shorter than the header promises.
  bad_metadata,         ///< Metadata that is no protobuf message, or text in it that is not UTF-8.
  unknown_enum,         ///< An enum value that this version does not know.
  checksum_mismatch,    ///< The tensor bytes are not those that the sender summed up.
  decompression_failed, ///< The compressed body is no zstd frame, or a damaged one.
  too_large,            ///< Over 4 GiB in one message, or over a limit that the caller set.
  bad_kv_header,        ///< The inner header of a KV payload contradicts itself, the metadata or the byte count.
  bad_part,             ///< A part of a split payload that is missing, doubled, or does not belong to the others.
  bad_json,             ///< JSON that cannot be parsed, is nested too deep, or has a field of the wrong type.
  bad_envelope,         ///< A frame of the ZeroMQ link that is not one.
  invalid_argument,     ///< The caller asked for something that cannot be done.
  unauthorized,         ///< The peer does not accept our key or token.
  rejected,             ///< The peer answered, and the answer was no.
  timed_out,            ///< No answer within the set time.
  peer_lost,            ///< The peer went silent, or its connection is gone.
  closed,               ///< This endpoint was closed before the work was done.
  io_failed,            ///< The operating system refused: a file, a socket, an address.
};

template <>
inline constexpr auto name_table<errc> = std::to_array<named_value<errc>>({
    {errc::too_short, "too_short"},
    {errc::bad_magic, "bad_magic"},
    {errc::unsupported_version, "unsupported_version"},
    {errc::truncated, "truncated"},
    {errc::bad_metadata, "bad_metadata"},
    {errc::unknown_enum, "unknown_enum"},
    {errc::checksum_mismatch, "checksum_mismatch"},
    {errc::decompression_failed, "decompression_failed"},
    {errc::too_large, "too_large"},
    {errc::bad_kv_header, "bad_kv_header"},
    {errc::bad_part, "bad_part"},
    {errc::bad_json, "bad_json"},
    {errc::bad_envelope, "bad_envelope"},
    {errc::invalid_argument, "invalid_argument"},
    {errc::unauthorized, "unauthorized"},
    {errc::rejected, "rejected"},
    {errc::timed_out, "timed_out"},
    {errc::peer_lost, "peer_lost"},
    {errc::closed, "closed"},
    {errc::io_failed, "io_failed"},
});

/// Returns the name of a code as written in the enumeration, such as "checksum_mismatch".
[[nodiscard]] std::string_view to_string(errc code);

/// An error as a value: what happened, and where, what was expected and what came in a sentence.
struct error {
  /// What happened, for programs.
  errc code;
  /// What happened, for people.
  std::string message;
};

/// A value or an error.
template <class T>
using expected = tl::expected<T, error>;

/// Makes the error side of an `expected`.
[[nodiscard]] inline tl::unexpected<error> fail(errc code, std::string message) {
  return tl::unexpected<error>(error{code, std::move(message)});
}

} // namespace avp
