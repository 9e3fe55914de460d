// The row kernels for any processor.
#include "gpu/kernels/row_kernel_levels.hpp"
#include "gpu/kernels/row_kernels.hpp"
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace avp::row_kernels_base {

namespace {
#include "gpu/kernels/row_kernels_body.hpp"
} // namespace

const row_kernels& kernels() { return table; }

} // namespace avp::row_kernels_base
