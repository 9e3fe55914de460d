// Which Torch computes.
#include "gpu/torch_version.hpp"

#include <torch/version.h>

namespace avp {

std::string torch_version() { return TORCH_VERSION; }

} // namespace avp
