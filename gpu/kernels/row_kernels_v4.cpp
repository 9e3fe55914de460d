// The row kernels for processors of level x86-64-v4.
#include "gpu/kernels/row_kernel_levels.hpp"
#include "gpu/kernels/row_kernels.hpp"

namespace avp::row_kernels_v4 {

namespace {
#include "gpu/kernels/row_kernels_body.hpp"
} // namespace

const row_kernels& kernels() { return table; }

} // namespace avp::row_kernels_v4
