// Asking the processor what it can do.
#include <avp/gpu/kernels/kernel_path.hpp>

namespace avp {

namespace {

bool has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
         __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

} // namespace

kernel_path fastest_kernel_path() {
  static const kernel_path path = has_avx512() ? kernel_path::avx512 : kernel_path::portable;
  return path;
}

} // namespace avp
