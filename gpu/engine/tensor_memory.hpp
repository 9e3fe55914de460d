// Memory of tensors on the CPU.
#pragma once

namespace avp {

/// From the first call on, ATen takes the memory of CPU tensors from malloc. Its own way, posix_memalign, finds freed
/// memory only by luck before glibc 2.38 (https://sourceware.org/bugzilla/show_bug.cgi?id=14581): the passes of an
/// engine, whose tensors have other sizes each time, leave holes until the process is a third larger than all that it
/// holds.
void take_tensors_from_malloc();

} // namespace avp
