// Names of the error codes.
#include <avp/transport/error.hpp>

namespace avp {

std::string_view to_string(errc code) {
  switch (code) {
  case errc::too_short:
    return "too_short";
  case errc::bad_magic:
    return "bad_magic";
  case errc::unsupported_version:
    return "unsupported_version";
  case errc::truncated:
    return "truncated";
  case errc::bad_metadata:
    return "bad_metadata";
  case errc::unknown_enum:
    return "unknown_enum";
  case errc::checksum_mismatch:
    return "checksum_mismatch";
  case errc::decompression_failed:
    return "decompression_failed";
  case errc::too_large:
    return "too_large";
  case errc::bad_kv_header:
    return "bad_kv_header";
  case errc::bad_part:
    return "bad_part";
  case errc::bad_json:
    return "bad_json";
  case errc::bad_envelope:
    return "bad_envelope";
  case errc::invalid_argument:
    return "invalid_argument";
  case errc::unauthorized:
    return "unauthorized";
  case errc::rejected:
    return "rejected";
  case errc::timed_out:
    return "timed_out";
  case errc::peer_lost:
    return "peer_lost";
  case errc::closed:
    return "closed";
  case errc::io_failed:
    return "io_failed";
  }
  return "unknown";
}

} // namespace avp
