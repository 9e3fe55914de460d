// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace avp {

/// "1,234,567".
[[nodiscard]] std::string with_separators(std::int64_t number);

/// With so many places behind the point: "12.30".
[[nodiscard]] std::string with_places(double number, int places);

/// Size in bytes for a person: "98.4 MB".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

} // namespace avp
