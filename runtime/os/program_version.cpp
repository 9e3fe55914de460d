// What --version says.
#include "runtime/os/program_version.hpp"

#include "gpu/kernels/kernel_path.hpp"

namespace avp {

std::string program_version(std::string_view program) {
  return std::string(program) + " " AVP_VERSION "\nkernels: " + std::string(name_of(fastest_kernel_path())) +
         " (AVP_CPU chooses from " + runnable_kernel_paths() + ")";
}

} // namespace avp
