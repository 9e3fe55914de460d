// A way to start a program so that it can harm nothing.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "runtime/os/descriptor.hpp"
#include "runtime/os/sandbox_limits.hpp"

namespace avp {

/// Starts programs behind walls. May be used by several threads at once.
class confinement {
public:
  confinement() = default;
  confinement(const confinement&) = delete;
  confinement& operator=(const confinement&) = delete;
  virtual ~confinement() = default;

  /// Starts `program` (absolute path and arguments) with these as its standard input, and as its standard output and
  /// standard error. Returns a child process: with it dies all that it began, and it dies with the calling thread.
  /// Throws sandbox_error when it could not be started.
  [[nodiscard]] virtual pid_t start(const std::vector<std::string>& program, const descriptor& input,
                                    const descriptor& output, const sandbox_limits& limits) const = 0;
};

} // namespace avp
