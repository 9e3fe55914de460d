// Failures as CAF error values, which is how they leave an actor.
#pragma once

#include <stdexcept>
#include <string>

#include <caf/error.hpp>

#include "gpu/failure.hpp"

namespace avp {

/// A failed request inside the device; leaves it as a caf::error.
class request_error : public std::runtime_error {
public:
  request_error(error_code code, const std::string& text) : std::runtime_error(text), code_(code) {}

  [[nodiscard]] error_code code() const { return code_; }

private:
  error_code code_;
};

/// The error value for a code with a text for people.
[[nodiscard]] caf::error make_error(error_code code, const std::string& text);
[[nodiscard]] caf::error make_error(const failure& why);

/// The text of an error value for people, whoever made it.
[[nodiscard]] std::string text_of(const caf::error& error);

/// Code and text of an error value; one that CAF made by itself is `internal`.
[[nodiscard]] failure failure_of(const caf::error& error);

} // namespace avp
