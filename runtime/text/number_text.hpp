// Numbers for people.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>

namespace avp {

/// "1,234,567".
[[nodiscard]] std::string with_separators(std::int64_t number);

/// With so many places behind the point: "12.30".
[[nodiscard]] std::string with_places(double number, int places);

/// As printf writes it, cut off after 127 bytes.
template <class... Values>
[[nodiscard]] std::string printed(const char* pattern, Values... values) {
  std::array<char, 128> text{};
  std::snprintf(text.data(), text.size(), pattern, values...);
  return text.data();
}

/// Size in bytes for a person: "98.4 MB".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

} // namespace avp
