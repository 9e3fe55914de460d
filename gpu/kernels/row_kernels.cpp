// Choosing the row kernels for this processor.
#include <avp/gpu/kernels/row_kernel_levels.hpp>
#include <avp/gpu/kernels/row_kernels.hpp>

namespace avp {

const row_kernels* row_kernels_of_level(int level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  if (level == 2)
    return avx512 ? &row_kernels_v4::kernels() : nullptr;
  if (level == 1)
    return avx2 ? &row_kernels_v3::kernels() : nullptr;
#endif
  return level == 0 ? &row_kernels_base::kernels() : nullptr;
}

const row_kernels& cpu_row_kernels() {
  static const row_kernels& best = []() -> const row_kernels& {
    for (int level = row_kernel_levels - 1; level > 0; --level)
      if (const auto* found = row_kernels_of_level(level))
        return *found;
    return *row_kernels_of_level(0);
  }();
  return best;
}

} // namespace avp
