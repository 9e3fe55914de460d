// Looks at what came from another node for values that no sender of this version has.
#pragma once

#include <stdexcept>
#include <string>
#include <type_traits>

#include "transport/name_table.hpp"

namespace avp {

/// Goes through the fields that `inspect` lists. Throws std::runtime_error for a number where an enum has no value of
/// it, and for text that is no JSON.
class wire_check {
public:
  using result_type = void;
  static constexpr bool reads_state = true;
  static constexpr bool writes_state = false;

  template <class... Fields>
  void operator()(Fields&&... fields) {
    (look_at(fields), ...);
  }

private:
  template <class Field>
  void look_at(Field& field) {
    if constexpr (named_enum<std::remove_const_t<Field>>) {
      if (!find_name(field))
        throw std::runtime_error("a message of another node has the value " + std::to_string(+to_number(field)) +
                                 " where there is none so large; do both run the same version?");
    } else if constexpr (requires { field.value.is_discarded(); }) {
      if (field.value.is_discarded())
        throw std::runtime_error(
            "a message of another node has JSON that can't be read; do both run the same version?");
    } else if constexpr (requires { inspect(*this, field); }) {
      inspect(*this, field);
    }
  }

  template <class Enum>
  static auto to_number(Enum value) {
    return static_cast<std::underlying_type_t<Enum>>(value);
  }
};

/// What came, where it has only values that there are. Throws std::runtime_error where it has not.
template <class Value>
[[nodiscard]] Value checked(Value came) {
  wire_check look;
  look(came);
  return came;
}

} // namespace avp
