// Memory of tensors on the CPU.
#pragma once

namespace avp {

/// From the first call on, ATen takes the memory of CPU tensors from malloc. Its own way, posix_memalign, finds freed
/// memory only by luck before glibc 2.38 (https://sourceware.org/bugzilla/show_bug.cgi?id=14581): the passes of an
/// engine, whose tensors have other sizes each time, leave holes until the process is a third larger than all that it
/// holds. Large blocks (256 KiB to 64 MiB) that were released last are kept for the next pass, 128 MiB in all: malloc
/// gives such memory back to the system, and to get it page by page again took a fifth of the time of a long prompt.
void take_tensors_from_malloc();

} // namespace avp
