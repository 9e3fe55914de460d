// Contexts as they stand in the messages between exchanges.
#pragma once

#include <cstdint>
#include <string>

#include "runtime/node/kept_contexts.hpp"
#include "runtime/node/wanted_context.hpp"
#include "transport/error.hpp"

namespace avp {

/// The slice of a kept context that follows `prefix` (all of it where that is empty), with the ticket in its metadata.
/// Fails as context_exchange::send() says.
[[nodiscard]] expected<payload> slice_to_send(const kept_contexts& from, const std::string& id,
                                              const std::string& prefix, const std::string& ticket);

/// The ticket for which a payload was sent; empty where it names none.
[[nodiscard]] std::string ticket_of(const metadata& meta);

/// Whether a payload says of itself what is wanted: the context, the weights, the positions, and of no more
/// bytes than may come. Fails with rejected and
/// both sides of the first difference. What the bytes hold is the device's to check.
[[nodiscard]] expected<void> check_arrived(const payload& slice, const wanted_context& wanted,
                                           std::uint64_t most_bytes);

/// Bytes of the uncompressed AVP message that would carry the context of a slice from its first position on. The slice
/// must have a KV header and a first position.
[[nodiscard]] std::uint64_t whole_bytes_of(const payload& slice);

} // namespace avp
