// Numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace avp {

/// "1,234,567".
[[nodiscard]] std::string with_separators(std::int64_t number);

/// With so many places behind the point: "12.30".
[[nodiscard]] std::string with_places(double number, int places);

} // namespace avp
