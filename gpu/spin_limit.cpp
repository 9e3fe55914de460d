// The environment that OpenMP reads.
#include "gpu/spin_limit.hpp"

#include <cstdlib>

#include <unistd.h>

namespace avp {

namespace {

// Rounds of waiting, as measured: with fewer, threads sleep between two operations of a machine that does nothing else;
// with more, those on a busy one wait longer for nothing.
constexpr auto spin_count = "2000";

} // namespace

void limit_spinning(char* const* argv) {
  if (std::getenv("GOMP_SPINCOUNT") || std::getenv("OMP_WAIT_POLICY"))
    return;
  if (setenv("GOMP_SPINCOUNT", spin_count, 0) == 0)
    execv("/proc/self/exe", argv); // comes back only where it can't
}

} // namespace avp
