// Programs without namespaces: behind Landlock, a filter of system calls, and limits.
#pragma once

#include <vector>

#include <linux/filter.h>

#include "runtime/os/confinement.hpp"

namespace avp {

/// Runs each program where namespaces are refused, as in most containers. Landlock lets it read and execute what is
/// under /usr/bin and /usr/lib, and open /dev/null; it can write nowhere, so there is no temporary folder. Its filter
/// of system calls leaves it no socket, no second process, no file's mode or times to change, and no signal to anybody
/// but itself. It has no capability. Run by root it has a uid of its own, else it keeps the runner's. It sees that
/// files and processes are there, not what is in them.
class landlock_confinement : public confinement {
public:
  /// Throws sandbox_error when the kernel has no Landlock or does not let it be used; std::runtime_error when
  /// libseccomp can't make the filter.
  landlock_confinement();

  [[nodiscard]] pid_t start(const std::vector<std::string>& program, const descriptor& input, const descriptor& output,
                            const sandbox_limits& limits) const override;

private:
  descriptor rules_;
  std::vector<sock_filter> filter_;
};

} // namespace avp
