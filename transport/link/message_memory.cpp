// Settings of glibc's malloc.
#include "transport/link/message_memory.hpp"

#include <algorithm>
#include <climits>

#include <malloc.h>

namespace avp {

void keep_message_memory([[maybe_unused]] std::size_t bytes) {
#ifdef __GLIBC__
  // Larger blocks get a mapping of their own, which is gone when they are freed; glibc takes no higher limit than this.
  constexpr int largest_kept = 32 << 20;
  mallopt(M_MMAP_THRESHOLD, largest_kept);
  mallopt(M_TRIM_THRESHOLD, static_cast<int>(std::min<std::size_t>(bytes, INT_MAX)));
#endif
}

} // namespace avp
