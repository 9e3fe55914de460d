// Asking the machine for its free memory.
#include "gpu/engine/cache_memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace avp {

namespace {

constexpr std::int64_t other_device_bytes = std::int64_t{2} << 30;
constexpr std::int64_t least_bytes = std::int64_t{64} << 20;

std::int64_t available_by_meminfo() {
  std::ifstream in("/proc/meminfo");
  std::string key, unit;
  std::int64_t kibibytes = 0;
  while (in >> key >> kibibytes && std::getline(in, unit))
    if (key == "MemAvailable:")
      return kibibytes * 1024;
  return other_device_bytes;
}

// "max" where there is no limit, and no file where there is no control group.
std::int64_t available_by_cgroup() {
  std::int64_t limit = 0, used = 0;
  if (!(std::ifstream("/sys/fs/cgroup/memory.max") >> limit) ||
      !(std::ifstream("/sys/fs/cgroup/memory.current") >> used))
    return std::numeric_limits<std::int64_t>::max();
  return std::max<std::int64_t>(0, limit - used);
}

} // namespace

std::int64_t default_cache_bytes(at::Device device) {
  if (!device.is_cpu())
    return other_device_bytes;
  return std::max(least_bytes, std::min(available_by_meminfo(), available_by_cgroup()) / 4);
}

} // namespace avp
