// Why something failed, as a value.
#pragma once

#include <string>

#include "gpu/error_code.hpp"

namespace avp {

/// Why a request, a hop or a task failed.
struct failure {
  error_code code = error_code::internal; ///< For programs.
  std::string text;                       ///< For people; never empty.
};

} // namespace avp
