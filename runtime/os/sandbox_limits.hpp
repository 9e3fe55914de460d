// What a program in the sandbox may use.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace avp {

/// What one program may use.
struct sandbox_limits {
  std::chrono::seconds cpu{10};                ///< Processor time of all its threads; 1 or more.
  std::chrono::milliseconds wall{30000};       ///< Time from start to end.
  std::int64_t memory = std::int64_t{1} << 30; ///< Address space, in bytes.
  std::int64_t folder =
      std::int64_t{64} << 20;                ///< What the temporary folder holds at most, where there is one, in bytes.
  int threads = 32;                          ///< At once. It can have one process only.
  int files = 64;                            ///< Open at once.
  std::size_t output = std::size_t{1} << 20; ///< Bytes that it may write to standard output and standard error.
};

} // namespace avp
