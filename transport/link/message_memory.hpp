// Memory of received messages, kept for the next ones.
#pragma once

#include <cstddef>

namespace avp {

/// Tells the C library to keep up to `bytes` of freed memory in place of giving it back to the system. ZeroMQ takes
/// memory for each message that comes; when that is fresh from the system, its page faults cost about as much as
/// receiving a payload. For the whole process, so the program decides: call it before the first payload_receiver is
/// made. Messages over 32 MiB are fresh all the same. Does nothing where the C library is not glibc.
void keep_message_memory(std::size_t bytes = std::size_t{256} << 20);

} // namespace avp
