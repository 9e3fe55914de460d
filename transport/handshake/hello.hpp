// The first message between two agents: who I am and what I can do.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "transport/error.hpp"
#include "transport/handshake/model_identity.hpp"

namespace avp {

/// Version of the protocol's features that this room implements.
inline constexpr std::string_view feature_version = "0.6.2";

/// HelloMessage of the protocol.
struct hello {
  std::string agent_id;
  std::string avp_version{feature_version};
  /// A JSON object, as text, of whatever a sender wants to say beyond the protocol.
  std::string capabilities = "{}";
  std::optional<model_identity> identity;

  bool operator==(const hello&) const = default;

  /// The digest of the model's weights that our own nodes put into the capabilities; empty when the sender gave none.
  [[nodiscard]] std::string weights_digest() const;

  /// Puts a digest of the model's weights into the capabilities.
  void set_weights_digest(std::string_view digest);
};

/// Writes a hello as JSON.
[[nodiscard]] std::string to_json(const hello& message);

/// Reads a hello; missing fields get their defaults, unknown ones are ignored. Fails with bad_json.
[[nodiscard]] expected<hello> read_hello(std::string_view json);

} // namespace avp
