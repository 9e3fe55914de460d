// Memory of this process as Linux tells it.
#include "tests/bench/engine/process_memory.hpp"

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

namespace avp::bench {

process_memory read_process_memory() {
  std::ifstream status("/proc/self/status");
  std::map<std::string, std::int64_t> bytes;
  for (std::string key; status >> key; status.ignore(4096, '\n'))
    if (key.starts_with("Vm") || key.starts_with("Rss")) {
      std::int64_t kilobytes = 0;
      status >> kilobytes;
      bytes[key] = kilobytes * 1024;
    }
  if (!bytes.contains("VmRSS:") || !bytes.contains("VmHWM:"))
    throw std::runtime_error("/proc/self/status does not say VmRSS and VmHWM; this needs Linux");
  return {bytes["VmRSS:"], bytes["RssAnon:"], bytes["RssFile:"], bytes["VmHWM:"]};
}

void forget_peak() {
  std::ofstream clear("/proc/self/clear_refs");
  if (!(clear << '5' << std::flush))
    throw std::runtime_error("cannot reset the peak of the resident memory through /proc/self/clear_refs");
}

} // namespace avp::bench
