// What this process holds, from /proc.
#pragma once

#include <cstdint>

namespace avp::bench {

/// Bytes.
struct process_memory {
  std::int64_t resident = 0;  ///< VmRSS: all of the following.
  std::int64_t anonymous = 0; ///< RssAnon: what was allocated.
  std::int64_t file = 0;      ///< RssFile: mapped files, of which the kernel may take pages back.
  std::int64_t peak = 0;      ///< VmHWM: the most that `resident` was since the start or since forget_peak().
};

/// Reads /proc/self/status. Throws std::runtime_error when there is none.
[[nodiscard]] process_memory read_process_memory();

/// Lets the peak begin anew. Throws std::runtime_error where the kernel does not allow it.
void forget_peak();

} // namespace avp::bench
