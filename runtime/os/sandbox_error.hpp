// That no program can be run where it can harm nothing.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "gpu/user_error.hpp"

namespace avp {

/// Says why no program can be run here, and what to install or allow.
class sandbox_error : public user_error {
public:
  using user_error::user_error;
};

/// Says what could not be done, as in "make a pipe", and what errno says of it.
[[noreturn]] inline void throw_sandbox_error(const std::string& what, int error = errno) {
  throw sandbox_error("the sandbox could not " + what + ": " + std::strerror(error));
}

} // namespace avp
