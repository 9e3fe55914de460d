// How long threads that compute together wait for each other with their processor busy.
#pragma once

namespace avp {

/// OpenMP's threads spin for milliseconds before they sleep. Beside other programs a thread that spins keeps the very
/// one that it waits for off its core, and a forward pass has some hundred such waits. This limits them to some
/// microseconds. OpenMP reads the limit (GOMP_SPINCOUNT) when a program is loaded only, so this starts the program
/// anew: call it first in main(). Does nothing where the environment has GOMP_SPINCOUNT or OMP_WAIT_POLICY, or without
/// /proc.
void limit_spinning(char* const* argv);

} // namespace avp
