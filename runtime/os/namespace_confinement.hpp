// Programs in namespaces of their own.
#pragma once

#include "runtime/os/confinement.hpp"

namespace avp {

/// Runs each program in namespaces of its own, set up by bubblewrap (bwrap): no network, no other process in sight, no
/// file but /usr/bin, /usr/lib and /dev/null, all of it read-only, and a temporary folder /tmp that is gone afterwards.
/// The program has no capability, runs as uid 65534 (as root outside too: the process really is of that uid), and
/// makes no system call that syscall_filter() refuses.
class namespace_confinement : public confinement {
public:
  /// Throws std::runtime_error when libseccomp can't make the filter.
  namespace_confinement();

  [[nodiscard]] pid_t start(const std::vector<std::string>& program, const descriptor& input, const descriptor& output,
                            const sandbox_limits& limits) const override;

private:
  std::string filter_;
};

} // namespace avp
