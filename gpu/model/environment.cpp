// Environment variables.
#include "gpu/model/environment.hpp"

#include <cstdlib>

namespace avp {

std::string environment_text(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

} // namespace avp
