// Filters on numbers, and what makes numbers of strings.
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/filters.hpp"
#include "gpu/text/jinja/number_format.hpp"
#include "gpu/text/jinja/operators.hpp"
#include "gpu/text/jinja/show.hpp"
#include "gpu/text/white_space.hpp"

namespace avp::jinja {

namespace {

/// The digits of a number in a string as Python reads it: without white space around and "_" between digits.
std::optional<std::string> plain_digits(std::string_view text) {
  const std::string_view kept = stripped(text);
  std::string digits;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto is_alnum = [&](std::size_t at) {
      return at < kept.size() && std::isalnum(static_cast<unsigned char>(kept[at]));
    };
    if (kept[i] != '_')
      digits += kept[i];
    else if (i == 0 || !is_alnum(i - 1) || !is_alnum(i + 1))
      return std::nullopt;
  }
  return digits;
}

struct signed_digits {
  bool is_negative;
  std::string digits;
};

std::optional<signed_digits> read_sign(std::string_view text) {
  auto digits = plain_digits(text);
  if (!digits || digits->empty())
    return std::nullopt;
  const char first = digits->front();
  return signed_digits{first == '-', first == '-' || first == '+' ? digits->substr(1) : std::move(*digits)};
}

std::optional<double> read_real(std::string_view text) {
  const auto found = read_sign(text);
  if (!found)
    return std::nullopt;
  const auto& [negative, rest] = *found;
  const std::string word = lower(marked_text::trusted(rest)).text();
  if (word == "inf" || word == "infinity" || word == "nan") {
    const double size =
        word == "nan" ? std::numeric_limits<double>::quiet_NaN() : std::numeric_limits<double>::infinity();
    return negative ? -size : size;
  }
  if (rest.empty() || rest.find_first_not_of("0123456789.eE+-") != std::string::npos)
    return std::nullopt;
  char* end = nullptr;
  const double size = std::strtod(rest.c_str(), &end);
  if (end != rest.c_str() + rest.size() || rest[0] == '-' || rest[0] == '+')
    return std::nullopt;
  return negative ? -size : size;
}

/// An integer in a string; nothing where it is none.
std::optional<std::int64_t> read_integer(std::string_view text, std::int64_t base) {
  const auto found = read_sign(text);
  if (!found)
    return std::nullopt;
  const bool negative = found->is_negative;
  std::string_view rest = found->digits;
  const auto prefix = lower(marked_text::trusted(std::string(rest.substr(0, 2)))).text();
  const std::int64_t named = prefix == "0x" ? 16 : prefix == "0o" ? 8 : prefix == "0b" ? 2 : 0;
  if (named != 0 && (base == named || base == 0)) {
    rest.remove_prefix(2);
    base = named;
  } else if (base == 0) {
    if (rest.size() > 1 && rest[0] == '0' && rest.find_first_not_of('0') != std::string_view::npos)
      return std::nullopt;
    base = 10;
  }
  if (base < 2 || base > 36 || rest.empty() || rest[0] == '-')
    return std::nullopt;
  const std::string signed_digits = (negative ? "-" : "") + std::string(rest);
  std::int64_t number = 0;
  const char* end = signed_digits.data() + signed_digits.size();
  const auto result = std::from_chars(signed_digits.data(), end, number, static_cast<int>(base));
  if (result.ptr != end)
    return std::nullopt;
  if (result.ec == std::errc::result_out_of_range)
    throw fault("the number " + std::string(text.substr(0, 40)) + " is too large: integers have 64 bits");
  return number;
}

std::optional<std::int64_t> truncated(double number) {
  if (!std::isfinite(number))
    return std::nullopt;
  if (std::abs(number) >= 9223372036854775808.0)
    throw fault("the number " + shown_float(number) + " is too large: integers have 64 bits");
  return static_cast<std::int64_t>(number);
}

value to_int(run&, const value& what, const arguments& given) {
  const auto bound = bind("int", given, {"default?", "base?"});
  if (what.is_undefined())
    throw fault(what.reason());
  std::optional<std::int64_t> number;
  if (what.is_number()) {
    number = what.is_float() ? truncated(what.real()) : what.integer();
  } else if (const auto* text = what.text()) {
    number = read_integer(text->text(), integer_or(bound[1], 10));
    if (!number)
      if (const auto real = read_real(text->text()))
        number = truncated(*real);
  }
  return number ? value(*number) : bound[0] ? *bound[0] : value(std::int64_t{0});
}

value to_float(run&, const value& what, const arguments& given) {
  const auto bound = bind("float", given, {"default?"});
  if (what.is_undefined())
    throw fault(what.reason());
  if (what.is_number())
    return what.real();
  const auto number = what.text() ? read_real(what.text()->text()) : std::nullopt;
  return number ? value(*number) : bound[0] ? *bound[0] : value(0.0);
}

value absolute(run&, const value& what, const arguments& given) {
  (void)bind_unnamed("abs", given, 0, 0);
  if (what.is_float())
    return std::abs(what.real());
  return what.is_number() && what.integer() >= 0 ? value(what.integer()) : negated(what);
}

/// To the nearest number with so many digits behind the point, halves to even.
double rounded(double number, std::int64_t digits) {
  if (!std::isfinite(number) || digits > 323)
    return number;
  if (digits < -308)
    return std::copysign(0.0, number);
  if (digits < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-digits));
    const auto units = formatted_real(std::nearbyint(number / unit), {.precision = 0, .type = 'f'});
    return std::strtod((units + "e" + std::to_string(-digits)).c_str(), nullptr); // a product would round once more
  }
  const auto text = formatted_real(number, {.precision = static_cast<int>(digits), .type = 'f'});
  return std::strtod(text.c_str(), nullptr);
}

std::int64_t rounded(std::int64_t number, std::int64_t digits) {
  if (digits >= 0)
    return number;
  if (digits < -18)
    return 0;
  std::int64_t unit = 1;
  for (; digits < 0; ++digits)
    unit *= 10;
  std::int64_t below = number / unit - static_cast<std::int64_t>(number % unit < 0);
  const std::int64_t rest = number - below * unit;
  below += static_cast<std::int64_t>(rest > unit - rest || (rest == unit - rest && below % 2 != 0));
  std::int64_t result = 0;
  if (__builtin_mul_overflow(below, unit, &result))
    throw fault("the result is too large: integers have 64 bits");
  return result;
}

value round(run& work, const value& what, const arguments& given) {
  const auto bound = bind("round", given, {"precision?", "method?"});
  const std::string method = bound[1] ? shown(work, *bound[1]).text() : "common";
  if (method != "common" && method != "ceil" && method != "floor")
    throw fault("round has the methods \"common\", \"ceil\" and \"floor\", not \"" + method + "\"");
  if (what.is_undefined())
    throw fault(what.reason());
  if (!what.is_number())
    throw fault("round needs a number, but a " + what.type_name() + " came");
  if (method == "common") {
    if (bound[0] && bound[0]->is_none()) {
      const auto whole = what.is_float() ? truncated(std::nearbyint(what.real())) : what.integer();
      if (!whole)
        throw fault("this number can't be rounded to an integer");
      return *whole;
    }
    const std::int64_t digits = integer_or(bound[0], 0);
    return what.is_float() ? value(rounded(what.real(), digits)) : value(rounded(what.integer(), digits));
  }
  const value unit = apply(work, "**", std::int64_t{10}, bound[0] ? *bound[0] : value(std::int64_t{0}));
  const value scaled = apply(work, "*", what, unit);
  const auto whole = !scaled.is_float()
                         ? scaled.integer()
                         : truncated(method == "ceil" ? std::ceil(scaled.real()) : std::floor(scaled.real()));
  if (!whole)
    throw fault("this number can't be rounded to an integer");
  return apply(work, "/", *whole, unit);
}

value word_count(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("wordcount", given, 0, 0);
  const auto text = shown(work, what);
  const auto starts = character_starts(text.text());
  std::int64_t count = 0;
  bool inside = false;
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    const bool is_word =
        all_of_class(character_class::word, std::string_view(text.text()).substr(starts[i], starts[i + 1] - starts[i]));
    count += is_word && !inside ? 1 : 0;
    inside = is_word;
  }
  return count;
}

value file_size(run&, const value& what, const arguments& given) {
  const auto bound = bind("filesizeformat", given, {"binary?"});
  const auto number = what.is_number() ? std::optional(what.real())
                      : what.text()    ? read_real(what.text()->text())
                                       : std::nullopt;
  if (!number)
    throw fault("filesizeformat needs a number, but a " + what.type_name() + " came");
  const double base = is_true(bound[0]) ? 1024 : 1000;
  if (*number == 1)
    return value::trusted("1 Byte");
  if (*number < base)
    return value::trusted(std::to_string(static_cast<std::int64_t>(*number)) + " Bytes");
  double unit = base * base;
  std::size_t at = 0;
  for (; at < 7 && *number >= unit; ++at)
    unit *= base;
  const std::string name = std::string(1, "kMGTPEZY"[at]) + (is_true(bound[0]) ? "iB" : "B");
  return value::trusted(formatted_real(base * *number / unit, {.precision = 1, .type = 'f'}) + " " +
                        (name == "kiB" ? "KiB" : name));
}

constexpr auto filters_on_numbers = std::to_array<named_method>({
    {"int", to_int},
    {"float", to_float},
    {"abs", absolute},
    {"round", round},
    {"wordcount", word_count},
    {"filesizeformat", file_size},
});

} // namespace

std::span<const named_method> number_filters() { return filters_on_numbers; }

} // namespace avp::jinja
