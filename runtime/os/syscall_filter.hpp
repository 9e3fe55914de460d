// The system calls that a program in the sandbox may not make.
#pragma once

#include <string>

namespace avp {

/// A seccomp filter as the kernel takes it (an array of `struct sock_filter`). It refuses new processes (threads are
/// allowed), sockets, memory that no limit of the process counts, tracing, key rings, and everything that changes the
/// machine or its namespaces. Throws std::runtime_error where libseccomp cannot make it.
[[nodiscard]] std::string syscall_filter();

} // namespace avp
