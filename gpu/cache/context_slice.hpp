// The end of a context as a payload of its own, for a receiver that has the beginning.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "transport/error.hpp"
#include "transport/payload.hpp"

namespace avp {

/// The positions [first, tokens) of a context of a device of this process: an AVP KV payload whose metadata names the
/// whole context (`recipe`) and says in `extra` where the positions begin (`first_position`) and what the last hidden
/// state is (`hidden_state`, base64 of little-endian float32). With `first` 0 it is what any AVP peer can read. As long
/// as the body lives, the device takes the context's memory back only where nothing else is left; its write() throws
/// std::runtime_error then. Fails with invalid_argument where the payload
/// is no context of this process or `first` is not in [0, tokens], with rejected where the device took the memory back
/// before. Any thread.
[[nodiscard]] expected<payload> slice_of(const payload& whole, std::int64_t first);

/// The last hidden state that a slice carries, `hidden_dim` values; empty where it carries none.
[[nodiscard]] std::vector<float> hidden_state_of(const metadata& meta);

/// At which position of its context a slice begins; nothing where its metadata does not tell.
[[nodiscard]] std::optional<std::int64_t> first_position_of(const metadata& meta);

} // namespace avp
