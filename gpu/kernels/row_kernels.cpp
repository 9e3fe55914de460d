// Choosing the row kernels for this processor.
#include "gpu/kernels/row_kernels.hpp"

#include "gpu/kernels/kernel_path.hpp"
#include "gpu/kernels/row_kernel_levels.hpp"

namespace avp {

const row_kernels& row_kernels_of(kernel_path path) {
#if defined(__x86_64__)
  switch (path) {
  case kernel_path::amx:
  case kernel_path::avx512:
    return row_kernels_v4::kernels();
  case kernel_path::avxvnni:
  case kernel_path::avx2:
    return row_kernels_v3::kernels();
  case kernel_path::base:
    break;
  }
#endif
  return row_kernels_base::kernels();
}

const row_kernels& cpu_row_kernels() {
  static const row_kernels& best = row_kernels_of(fastest_kernel_path());
  return best;
}

} // namespace avp
