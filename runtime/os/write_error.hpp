// What could not be written, or not be had for writing.
#pragma once

#include "gpu/user_error.hpp"

namespace avp {

/// A folder or file that could not be written: which one, and why.
class write_error : public user_error {
public:
  using user_error::user_error;
};

} // namespace avp
