// Which Torch computes.
#include <torch/version.h>

#include <avp/gpu/torch_version.hpp>

namespace avp {

std::string torch_version() { return TORCH_VERSION; }

} // namespace avp
