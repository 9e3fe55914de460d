// What is thrown when a template can't be read or rendered.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>

namespace avp::jinja {

/// A place in a template's source, both counted from 1; columns are bytes.
struct place {
  std::size_t line = 1;
  std::size_t column = 1;
};

/// A template that is no Jinja, does what is not allowed, or refuses what it was given with raise_exception(). The text
/// says where, what was expected and what came.
class error : public std::runtime_error {
public:
  error(place at, const std::string& message)
      : std::runtime_error("line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": " +
                           message),
        at_(at),
        message_(message) {}

  /// Where in the template.
  [[nodiscard]] place at() const { return at_; }

  /// What is wrong, without the place: for raise_exception() the template's own words.
  [[nodiscard]] const std::string& message() const { return message_; }

private:
  place at_;
  std::string message_;
};

/// An operation on values that can't be done, where nobody knows yet which place of the template asked for it. The
/// interpreter makes it an `error`.
class fault : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// More than a rendering may cost.
class limit_fault : public fault {
public:
  using fault::fault;
};

} // namespace avp::jinja
