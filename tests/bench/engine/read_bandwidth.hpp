// How fast this machine reads memory.
#pragma once

namespace avp::bench {

/// Bytes per second that `threads` threads read together from memory that is far larger than the caches; the best of
/// several passes.
[[nodiscard]] double read_bandwidth(int threads);

} // namespace avp::bench
