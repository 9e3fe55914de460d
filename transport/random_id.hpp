// Identifiers that nobody can guess.
#pragma once

#include <cstdint>
#include <string>

namespace avp {

/// 16 random bytes of the operating system as 32 hex characters: sessions, split payloads.
[[nodiscard]] std::string random_id();

/// 64 random bits of the operating system, never 0.
[[nodiscard]] std::uint64_t random_number();

} // namespace avp
