// Runs programs that nobody has looked at, where they can harm nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/os/sandbox_error.hpp"
#include "runtime/os/sandbox_limits.hpp"

namespace avp {

class confinement;

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

/// Runs each program behind walls: no network, no second process, no capability, no file to read but those under
/// /usr/bin and /usr/lib, none of the runner's environment and open files. When the runner dies, it dies. May be used
/// by several threads at once.
class sandbox {
public:
  /// What the walls are made of.
  enum class way : std::uint8_t {
    namespaces, ///< namespace_confinement: it has a temporary folder.
    landlock,   ///< landlock_confinement: it can write no file.
  };

  /// Tries the ways in this order and takes the first that works. Throws sandbox_error when none does.
  sandbox();

  /// Tries one way. Throws sandbox_error when it does not work.
  explicit sandbox(way only);

  [[nodiscard]] way taken() const { return way_; }

  /// Which way is taken and why not an earlier one, for people, as in "by namespaces (bubblewrap)".
  [[nodiscard]] std::string description() const;

  /// Runs `program` (absolute path and arguments) with `input` as its standard input, and waits for its end. Blocks the
  /// calling thread, which must not end before the program. Throws sandbox_error when it could not be started.
  [[nodiscard]] sandbox_result run(const std::vector<std::string>& program, std::string_view input,
                                   const sandbox_limits& limits) const;

private:
  way way_;
  std::string refused_; ///< Why the ways before it do not work.
  std::shared_ptr<const confinement> walls_;
};

} // namespace avp
