// A table of names, and units put together of them.
#include "runtime/mathematics/units.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "transport/ascii.hpp"

namespace avp::math {
namespace {

using named_unit = std::pair<std::string_view, std::string_view>; ///< A spelling, and the one that stands for all.

// Of one or two letters only where no product of variables looks so.
constexpr auto bare = std::to_array<named_unit>({
    {"cm", "cm"},    {"mm", "mm"},      {"km", "km"},      {"nm", "nm"},   {"kg", "kg"},       {"mg", "mg"},
    {"ml", "ml"},    {"mL", "ml"},      {"ft", "ft"},      {"in", "in"},   {"yd", "yd"},       {"mi", "mi"},
    {"lb", "lb"},    {"lbs", "lb"},     {"oz", "oz"},      {"hr", "h"},    {"hrs", "h"},       {"min", "min"},
    {"mins", "min"}, {"sec", "s"},      {"secs", "s"},     {"ms", "ms"},   {"mph", "mi/h"},    {"kph", "km/h"},
    {"kmh", "km/h"}, {"Hz", "Hz"},      {"kHz", "kHz"},    {"kJ", "kJ"},   {"kW", "kW"},       {"kPa", "kPa"},
    {"Pa", "Pa"},    {"mol", "mol"},    {"am", "am"},      {"pm", "pm"},   {"AM", "am"},       {"PM", "pm"},
    {"sq", "sq"},    {"USD", "dollar"}, {"deg", "degree"}, {"rad", "rad"}, {"units", ""},      {"unit", ""},
    {"th", "th"},    {"st", "th"},      {"nd", "th"},      {"rd", "th"},   {"pct", "percent"},
});

constexpr auto names = std::to_array<named_unit>({
    {"m", "m"},           {"g", "g"},           {"s", "s"},           {"h", "h"},           {"l", "l"},
    {"L", "l"},           {"N", "N"},           {"J", "J"},           {"W", "W"},           {"V", "V"},
    {"A", "A"},           {"K", "K"},           {"C", "degree"},      {"meter", "m"},       {"metre", "m"},
    {"centimeter", "cm"}, {"centimetre", "cm"}, {"millimeter", "mm"}, {"millimetre", "mm"}, {"kilometer", "km"},
    {"kilometre", "km"},  {"gram", "g"},        {"kilogram", "kg"},   {"milligram", "mg"},  {"liter", "l"},
    {"litre", "l"},       {"milliliter", "ml"}, {"inch", "in"},       {"inche", "in"},      {"foot", "ft"},
    {"feet", "ft"},       {"yard", "yd"},       {"mile", "mi"},       {"pound", "lb"},      {"ounce", "oz"},
    {"second", "s"},      {"minute", "min"},    {"hour", "h"},        {"day", "day"},       {"week", "week"},
    {"month", "month"},   {"year", "year"},     {"degree", "degree"}, {"radian", "rad"},    {"dollar", "dollar"},
    {"cent", "cent"},     {"newton", "N"},      {"joule", "J"},       {"watt", "W"},        {"volt", "V"},
});

std::optional<std::string> one_unit(std::string word) {
  const auto in = [](const auto& table, std::string_view text) -> std::optional<std::string> {
    for (const auto& [spelling, plain] : table)
      if (spelling == text)
        return std::string(plain);
    return {};
  };
  if (const auto found = in(bare, word))
    return found;
  if (const auto found = in(names, word))
    return found;
  word = lowered(word);
  if (word.size() > 3 && word.ends_with('s'))
    word.pop_back();
  return word.size() > 1 ? in(names, word) : std::nullopt;
}

/// One spelling for a unit of several words: `square feet` and `ft^{2}` are ft2, `miles per hour` and `mi/h` mi/h.
std::optional<std::string> whole_unit(std::string_view text) {
  std::string result;
  std::string power;
  for (std::size_t at = 0; at < text.size();) {
    if (!is_letter(text[at])) {
      const bool counts = is_digit(text[at]) || text[at] == '/' || text[at] == '-';
      result += counts ? std::string(1, text[at]) : "";
      ++at;
      continue;
    }
    auto end = at;
    while (end < text.size() &&
           (is_letter(text[end]) || (text[end] == '.' && end + 1 < text.size() && is_letter(text[end + 1]))))
      ++end;
    std::string word(text.substr(at, end - at));
    std::erase(word, '.');
    at = end;
    if (word == "square" || word == "sq" || word == "cubic" || word == "cu") {
      power = word[0] == 's' ? "2" : "3";
    } else if (word == "per") {
      result += "/";
    } else if (const auto known = one_unit(word); known && !known->empty()) {
      result += *known + std::exchange(power, "");
    } else {
      return {};
    }
  }
  return result.empty() ? std::nullopt : std::optional(result);
}

} // namespace

bool is_unit(std::string_view word) {
  const auto found = std::any_of(bare.begin(), bare.end(), [&](const auto& u) { return u.first == word; });
  return found || (word.size() > 3 && one_unit(std::string(word)));
}

same_unit compare_units(std::string_view a, std::string_view b) {
  const auto left = whole_unit(a);
  const auto right = whole_unit(b);
  if (!left || !right)
    return same_unit::unknown;
  return *left == *right ? same_unit::yes : same_unit::no;
}

} // namespace avp::math
