// Runs programs that nobody has looked at, where they can harm nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// Says why no program can be run here, and what to install or allow.
class sandbox_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What one program may use.
struct sandbox_limits {
  std::chrono::seconds cpu{10};                ///< Processor time of all its threads; 1 or more.
  std::chrono::milliseconds wall{30000};       ///< Time from start to end.
  std::int64_t memory = std::int64_t{1} << 30; ///< Address space, in bytes.
  std::int64_t folder =
      std::int64_t{64} << 20;                ///< What the temporary folder holds at most, and any one file, in bytes.
  int threads = 32;                          ///< At once. It can have one process only.
  std::size_t output = std::size_t{1} << 20; ///< Bytes that it may write to standard output and standard error.
};

/// How a program ended.
struct sandbox_result {
  enum class ending : std::uint8_t {
    exited,          ///< By itself or by a signal, such as the one that ends a program out of processor time.
    timed_out,       ///< Stopped when its wall time was over.
    too_much_output, ///< Stopped when it had written more than it may.
  };
  ending how = ending::exited;
  int status = 0;     ///< Its exit status, or 128 and the signal's number; where it was stopped, 137.
  std::string output; ///< What it wrote to standard output and standard error, up to the limit.
};

/// Runs each program in namespaces of its own, set up by bubblewrap (bwrap): no network, no other process in sight, no
/// file but /usr/bin, /usr/lib and /dev/null, all of it read-only, and a temporary folder /tmp that is gone afterwards.
/// The program has no capability, runs as uid 65534 (as root outside too: the process really is of that uid), and
/// makes no system call of syscall_filter(). When the runner dies, it dies. May be used by several threads at once.
class sandbox {
public:
  /// Tries the sandbox out. Throws sandbox_error when bwrap is missing or is not allowed to do its work.
  sandbox();

  /// Runs `program` (absolute path and arguments) with `input` as its standard input, and waits for its end. Blocks the
  /// calling thread, which must not end before the program. Throws sandbox_error when it could not be started.
  [[nodiscard]] sandbox_result run(const std::vector<std::string>& program, std::string_view input,
                                   const sandbox_limits& limits) const;

private:
  std::string filter_;
};

} // namespace avp
