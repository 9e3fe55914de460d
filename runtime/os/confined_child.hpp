// What a new process does until it is the program in the sandbox.
#pragma once

#include <span>

#include <linux/filter.h>
#include <sys/types.h>

#include "runtime/os/sandbox_limits.hpp"

namespace avp {

/// Why a child could not become the program.
struct failed_step {
  const char* what = nullptr; ///< As in "apply a filter"; null where nothing failed.
  int error = 0;              ///< Of errno.
};

/// A child by vfork of a process with threads: it has its parent's memory until it is the program, while its parent's
/// thread waits, so it takes none and calls only what a signal handler may call.
struct confined_child {
  char* const* program;          ///< The program's absolute path and arguments, null at the end.
  int input;                     ///< Descriptors, all of them above 3.
  int output;                    ///< Standard output and standard error.
  int rules;                     ///< Of Landlock.
  std::span<sock_filter> filter; ///< Its own number is put in at own_pid_place.
  const sandbox_limits& limits;
  pid_t runner;        ///< Its parent. It dies with the thread that made it.
  failed_step& failed; ///< Its parent's.

  /// Gives everything up that the program must not have, and becomes it.
  [[noreturn]] void become_program() const;

private:
  void expect(bool good, const char* what) const;
  void take_descriptors() const;
  void set_limits(bool own_user) const;
  void shut_walls() const;
};

} // namespace avp
