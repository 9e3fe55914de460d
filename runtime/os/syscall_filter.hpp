// The system calls that a program in the sandbox may not make.
#pragma once

#include <cstddef>
#include <vector>

#include <linux/filter.h>

namespace avp {

/// Whose files and processes a program has around it.
enum class surroundings : unsigned char {
  of_its_own,       ///< In namespaces: none but its own.
  of_everybody_else ///< Those of the machine.
};

/// A seccomp filter as the kernel takes it. It refuses new processes (threads are allowed), sockets, memory that no
/// limit of the process counts, tracing, key rings, everything that reaches into another process or changes the machine
/// or its namespaces, the calls of other architectures, and those that are newer than libseccomp's names.
/// Among the files and processes of everybody else it also refuses to change files by their names and to send signals
/// to any process but the one whose number stands at own_pid_place. Throws std::runtime_error where libseccomp cannot
/// make it.
[[nodiscard]] std::vector<sock_filter> syscall_filter(surroundings around);

/// The instruction of a filter among everybody else whose `k` is the number of the process that it is for.
constexpr std::size_t own_pid_place = 8;

} // namespace avp
