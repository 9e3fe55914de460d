// The words for the values of an enum, in files, messages and options: each list of them stands once, beside its enum.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace avp {

/// A value of an enum and its name.
template <class Enum>
struct named_value {
  Enum value;
  std::string_view name;
};

/// All values of an enum that have a name, in the order in which messages list them. Specialised beside the enum:
/// `template <> inline constexpr auto name_table<fruit> = std::to_array<named_value<fruit>>({{fruit::fig, "fig"}});`
template <class Enum>
inline constexpr std::nullptr_t name_table = nullptr;

/// An enum that has such a table.
template <class Enum>
concept named_enum = std::is_enum_v<Enum> && !std::is_same_v<decltype(name_table<Enum>), const std::nullptr_t>;

/// The name of a value; nothing for one that the table does not have, such as what a peer may send.
template <named_enum Enum>
[[nodiscard]] constexpr std::optional<std::string_view> find_name(Enum value) {
  for (const auto& known : name_table<Enum>)
    if (known.value == value)
      return known.name;
  return std::nullopt;
}

/// The name of a value. Throws std::out_of_range for one that the table does not have.
template <named_enum Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
  if (const auto name = find_name(value))
    return *name;
  throw std::out_of_range("there is no name for this value of an enum");
}

/// The value of that name; nothing where there is none.
template <named_enum Enum>
[[nodiscard]] constexpr std::optional<Enum> value_named(std::string_view name) {
  for (const auto& known : name_table<Enum>)
    if (known.name == name)
      return known.value;
  return std::nullopt;
}

/// All values that have a name.
template <named_enum Enum>
inline constexpr auto all_values = [] {
  std::array<Enum, name_table<Enum>.size()> values{};
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = name_table<Enum>[i].value;
  return values;
}();

/// Their names, for messages.
template <named_enum Enum>
[[nodiscard]] std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& known : name_table<Enum>)
    names.emplace_back(known.name);
  return names;
}

} // namespace avp
