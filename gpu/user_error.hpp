// What ends a program, and its user can mend.
#pragma once

#include <stdexcept>

namespace avp {

/// A program can't do what it was asked to, and that is no defect: the text says what was wrong, where, and what to do.
/// Each room has its own kinds of it; a program catches this one, shows the text, and ends with the status for that.
class user_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

} // namespace avp
