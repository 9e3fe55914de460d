// Names of the HTTP binding that server and client share; used inside the room only.
#pragma once

namespace avp::http {

inline constexpr const char* handshake_path = "/avp/v2/handshake";
inline constexpr const char* transmit_path = "/avp/v2/transmit";
inline constexpr const char* text_path = "/avp/v2/text";
inline constexpr const char* health_path = "/health";

inline constexpr const char* message_type = "application/avp+binary";
inline constexpr const char* json_type = "application/json";

inline constexpr const char* version_header = "AVP-Version";
inline constexpr const char* version = "0.4";
inline constexpr const char* agent_header = "AVP-Agent-ID";

} // namespace avp::http
