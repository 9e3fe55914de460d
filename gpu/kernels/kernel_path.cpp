// Asking the processor what it can do.
#include "gpu/kernels/kernel_path.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace avp {

namespace {

bool has_avx2() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("x86-64-v3") != 0;
#else
  return false;
#endif
}

bool has_avxvnni() {
#if defined(__x86_64__)
  return has_avx2() && __builtin_cpu_supports("avxvnni") != 0;
#else
  return false;
#endif
}

bool has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("x86-64-v4") != 0 && __builtin_cpu_supports("avx512vnni") != 0;
#else
  return false;
#endif
}

// The tiles are a large state of a thread: Linux keeps it only for processes that ask.
bool may_use_tiles() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr int request_permission = 0x1023; // ARCH_REQ_XCOMP_PERM
  constexpr int tile_data = 18;              // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

bool has_amx() {
#if defined(__x86_64__)
  static const bool has = has_avx512() && __builtin_cpu_supports("amx-tile") != 0 &&
                          __builtin_cpu_supports("amx-int8") != 0 && may_use_tiles();
  return has;
#else
  return false;
#endif
}

} // namespace

bool can_run(kernel_path path) {
  switch (path) {
  case kernel_path::amx:
    return has_amx();
  case kernel_path::avx512:
    return has_avx512();
  case kernel_path::avxvnni:
    return has_avxvnni();
  case kernel_path::avx2:
    return has_avx2();
  case kernel_path::base:
    break;
  }
  return true;
}

bool is_intel_processor() {
#if defined(__x86_64__)
  return __builtin_cpu_is("intel") != 0;
#else
  return false;
#endif
}

std::string runnable_kernel_paths() {
  std::string names;
  for (const auto path : all_values<kernel_path>)
    if (can_run(path))
      names += (names.empty() ? "" : ", ") + std::string(name_of(path));
  return names;
}

kernel_path kernel_path_for(const char* avp_cpu) {
  kernel_path fastest = kernel_path::base;
  for (const auto path : all_values<kernel_path>)
    if (can_run(path)) {
      fastest = path;
      if (avp_cpu != nullptr && avp_cpu == name_of(path))
        return path;
    }
  if (avp_cpu != nullptr)
    throw std::invalid_argument("the environment variable AVP_CPU names the level of instructions to use, one of " +
                                runnable_kernel_paths() + " on this processor, but is \"" + avp_cpu + "\"");
  return fastest;
}

kernel_path fastest_kernel_path() {
  static const kernel_path path = kernel_path_for(std::getenv("AVP_CPU"));
  return path;
}

} // namespace avp
