// The levels of the instruction set for which the row kernels are compiled.
#pragma once

namespace avp {

struct row_kernels;

namespace row_kernels_base {
const row_kernels& kernels();
}
namespace row_kernels_v3 {
const row_kernels& kernels();
}
namespace row_kernels_v4 {
const row_kernels& kernels();
}

} // namespace avp
