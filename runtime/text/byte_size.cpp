// Units by table.
#include "runtime/text/byte_size.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace avp {

namespace {

struct unit {
  std::string_view name;
  double bytes;
};

constexpr std::array<unit, 9> units{{{"B", 1},
                                     {"KiB", 0x1p10},
                                     {"MiB", 0x1p20},
                                     {"GiB", 0x1p30},
                                     {"TiB", 0x1p40},
                                     {"kB", 1e3},
                                     {"MB", 1e6},
                                     {"GB", 1e9},
                                     {"TB", 1e12}}};

} // namespace

std::optional<std::int64_t> parse_byte_size(std::string_view text) {
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (failed != std::errc{})
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  for (const auto& [name, bytes] : units) {
    if (text != name)
      continue;
    const auto size = std::floor(number * bytes);
    return size >= 1 && size < 0x1p63 ? std::optional(static_cast<std::int64_t>(size)) : std::nullopt; // not for a NaN
  }
  return std::nullopt;
}

std::string byte_size_form() {
  return "a size above 0, such as \"2GiB\" (units B, KiB, MiB, GiB, TiB, kB, MB, GB, TB), or a whole number of bytes";
}

} // namespace avp
