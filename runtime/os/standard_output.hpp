// Writing to standard output so that it is noticed where nobody gets it.
#pragma once

#include <string_view>

#include "runtime/os/write_error.hpp"

namespace avp {

/// Nobody reads standard output any more, as after `| head -1`.
class reader_gone : public write_error {
public:
  using write_error::write_error;
};

/// Writes text and what was printed before it. Throws reader_gone, or write_error with the reason.
void write_stdout(std::string_view text);

} // namespace avp
