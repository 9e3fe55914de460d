// avp-model compare: how what one model thinks gets to another.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace avp {

/// Identities of two models (names of the catalogue, GGUF files or directories), the path between them as AVP's
/// handshake decides it, the tokens that they share, and where there are enough of these the validation of projections
/// from the one onto the other, for which both are loaded. Throws model_error.
[[nodiscard]] nlohmann::ordered_json compare_models(const std::string& source, const std::string& target);

/// The same for people.
[[nodiscard]] std::string comparison_text(const nlohmann::ordered_json& comparison);

} // namespace avp
