// What went over the data links between this node and another one.
#pragma once

#include <cstdint>

namespace avp {

/// Contexts and their bytes, both ways. "Whole" bytes are those of the AVP messages that would have carried the
/// contexts from their first position on, uncompressed.
struct link_traffic {
  std::int64_t contexts_sent = 0;
  std::uint64_t bytes_sent = 0; ///< Of AVP messages on the socket that the peer acknowledged.
  std::uint64_t whole_bytes_sent = 0;

  std::int64_t contexts_received = 0; ///< That were expected and fitted.
  std::uint64_t bytes_received = 0;
  std::uint64_t whole_bytes_received = 0;

  std::int64_t refused = 0; ///< Payloads that nobody expected, or that were not what was expected.
};

} // namespace avp
