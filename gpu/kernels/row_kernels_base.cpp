// The row kernels for any processor.
#include <avp/gpu/kernels/row_kernel_levels.hpp>
#include <avp/gpu/kernels/row_kernels.hpp>

namespace avp::row_kernels_base {

namespace {
#include <avp/gpu/kernels/row_kernels_body.hpp>
} // namespace

const row_kernels& kernels() { return table; }

} // namespace avp::row_kernels_base
