// The row kernels for processors of level x86-64-v3.
#include "gpu/kernels/row_kernel_levels.hpp"
#include "gpu/kernels/row_kernels.hpp"
#if defined(__x86_64__)
#include "gpu/kernels/x86_intrinsics.hpp"
#endif

namespace avp::row_kernels_v3 {

namespace {
#include "gpu/kernels/row_kernels_body.hpp"
} // namespace

const row_kernels& kernels() { return table; }

} // namespace avp::row_kernels_v3
