// Who hears how a fetch goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace avp {

/// How a fetch goes on; sources report to it.
struct fetch_observer {
  /// A source begins, goes on with a part, or has failed: one line for a person.
  std::function<void(const std::string& line)> note = [](const std::string&) {};

  /// Bytes that are here, of all. Called often; from the calling thread.
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = [](std::uint64_t, std::uint64_t) {};
};

} // namespace avp
