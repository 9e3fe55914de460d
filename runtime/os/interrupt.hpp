// Ctrl-C: once to finish, twice to stop.
#pragma once

#include <string>

namespace avp {

/// Catches SIGINT and SIGTERM for as long as it lives. The first one is remembered, the second one ends the process at
/// once with status 130; results that were reported are on disk by then.
class interrupt_guard {
public:
  interrupt_guard();
  interrupt_guard(const interrupt_guard&) = delete;
  interrupt_guard& operator=(const interrupt_guard&) = delete;
  ~interrupt_guard();

  /// What is printed, as a line, when the second signal ends the process. Cut at some 4000 bytes.
  void say_at_end(const std::string& text);

  /// Whether a signal came.
  [[nodiscard]] static bool interrupted();
};

} // namespace avp
