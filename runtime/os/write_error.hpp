// What could not be written, or not be had for writing.
#pragma once

#include <stdexcept>

namespace avp {

/// A folder or file that could not be written: which one, and why.
class write_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace avp
