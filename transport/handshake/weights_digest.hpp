// The name under which our own nodes tell a digest of their weights.
#pragma once

#include <string_view>

namespace avp {

/// Key in the capabilities of a hello, and in the extra of a message. The configuration's hash cannot tell two
/// fine-tunes of one architecture apart; this can.
inline constexpr std::string_view weights_digest_key = "weights_digest";

/// Key in the extra of a message under which the SDK looks for the hash of the model.
inline constexpr std::string_view model_hash_key = "model_hash";

} // namespace avp
