// Numbers and strings in a wanted form: Python's format specifications.
#include "gpu/text/jinja/number_format.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

namespace {

constexpr std::size_t widest = 1'000'000;

bool is_align(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

std::size_t read_count(std::string_view& rest) {
  std::size_t count = 0;
  const auto end = std::from_chars(rest.data(), rest.data() + rest.size(), count).ptr;
  if (count > widest || static_cast<std::size_t>(end - rest.data()) > 9)
    throw fault("a width or precision of a format is too large");
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return count;
}

char take_if(std::string_view& rest, std::string_view of) {
  if (rest.empty() || of.find(rest.front()) == std::string_view::npos)
    return '\0';
  const char taken = rest.front();
  rest.remove_prefix(1);
  return taken;
}

/// `digits` with a separator between groups from the back.
std::string grouped(const std::string& digits, char separator, std::size_t size) {
  std::string made;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % size == 0)
      made += separator;
    made += digits[i];
  }
  return made;
}

/// Sign, prefix and digits, filled between them where the form says so.
std::string assembled(bool negative, const std::string& prefix, std::string digits, const format_spec& spec) {
  std::string head = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  head += prefix;
  const std::size_t whole = std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  const std::size_t group =
      prefix.empty() && (spec.type == '\0' || std::string_view("bxXo").find(spec.type) == std::string_view::npos) ? 3
                                                                                                                  : 4;
  std::string fraction = digits.substr(whole);
  digits = digits.substr(0, whole);
  const auto complete = [&] {
    return head + (spec.grouping ? grouped(digits, spec.grouping, group) : digits) + fraction;
  };
  if (spec.align == '=' && spec.fill == "0")
    while (complete().size() < spec.width) {
      const std::size_t missing = spec.grouping ? 1 : spec.width - complete().size();
      digits.insert(0, missing, '0');
    }
  else if (spec.align == '=' && complete().size() < spec.width) {
    const std::size_t missing = spec.width - complete().size();
    for (std::size_t i = 0; i < missing; ++i)
      head += spec.fill;
  }
  return complete();
}

std::string printed(double number, int precision, char type, bool alternate) {
  std::string form = alternate ? "%#.*" : "%.*";
  form += type;
  std::string made(static_cast<std::size_t>(std::max(0, std::snprintf(nullptr, 0, form.c_str(), precision, number))),
                   ' ');
  (void)std::snprintf(made.data(), made.size() + 1, form.c_str(), precision, number);
  return made;
}

} // namespace

format_spec read_format_spec(std::string_view text) {
  format_spec spec;
  const std::size_t fill = bytes_of(text, 1);
  bool has_fill = false;
  if (text.size() > fill && is_align(text[fill])) {
    has_fill = true;
    spec.fill = text.substr(0, fill);
    spec.align = text[fill];
    text.remove_prefix(fill + 1);
  } else {
    spec.align = take_if(text, "<>^=");
  }
  if (const char sign = take_if(text, "+- "))
    spec.sign = sign;
  spec.alternate = take_if(text, "#") != '\0';
  if (take_if(text, "0")) {
    spec.fill = has_fill ? spec.fill : "0";
    spec.align = spec.align == '\0' ? '=' : spec.align;
  }
  spec.width = read_count(text);
  spec.grouping = take_if(text, ",_");
  if (take_if(text, ".")) {
    if (text.empty() || text[0] < '0' || text[0] > '9')
      throw fault("a format has a \".\" without a precision");
    spec.precision = static_cast<int>(read_count(text));
  }
  spec.type = take_if(text, "bcdeEfFgGnosxX%");
  if (!text.empty())
    throw fault("a format has \"" + std::string(text) + "\" where its type should stand");
  return spec;
}

std::string formatted_integer(std::int64_t number, const format_spec& spec) {
  if (spec.type != '\0' && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos)
    return formatted_real(static_cast<double>(number), spec);
  if (spec.precision)
    throw fault("the format of an integer has a precision");
  const int base = spec.type == 'b' ? 2 : spec.type == 'o' ? 8 : spec.type == 'x' || spec.type == 'X' ? 16 : 10;
  const auto size = number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  std::array<char, 65> buffer{};
  std::string digits(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), size, base).ptr);
  std::string prefix = spec.alternate && base != 10 ? std::string("0") + spec.type : "";
  if (spec.type == 'X')
    std::ranges::transform(digits, digits.begin(), [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  return assembled(number < 0, prefix, digits, spec);
}

std::string formatted_real(double number, const format_spec& spec) {
  char type = spec.type;
  const bool negative = std::signbit(number) && !std::isnan(number);
  const double size = std::abs(number);
  std::string digits;
  if (!std::isfinite(number)) {
    digits = std::isnan(number) ? "nan" : "inf";
    if (type == 'E' || type == 'F' || type == 'G')
      digits = std::isnan(number) ? "NAN" : "INF";
    if (type == '%')
      digits += '%';
    format_spec plain = spec;
    plain.grouping = '\0';
    return assembled(negative, "", digits, plain);
  }
  if (type == '\0' && !spec.precision) {
    digits = shown_float(size);
  } else if (type == '\0') { // as "g", but with a digit behind the point where there is no exponent
    digits = printed(size, std::max(*spec.precision, 1), 'g', spec.alternate);
    const auto exponent = digits.find('e');
    if (exponent == std::string::npos && digits.find('.') == std::string::npos)
      digits = digits.size() >= static_cast<std::size_t>(std::max(*spec.precision, 1))
                   ? printed(size, std::max(*spec.precision - 1, 0), 'e', spec.alternate)
                   : digits + ".0";
    if (exponent == std::string::npos && digits.find('e') != std::string::npos &&
        digits.find('.') != std::string::npos) {
      const auto e = digits.find('e');
      auto mantissa = digits.substr(0, e);
      mantissa.erase(mantissa.find_last_not_of('0') + 1);
      if (mantissa.ends_with('.'))
        mantissa.pop_back();
      digits = mantissa + digits.substr(e);
    }
  } else {
    type = type == 'n' ? 'g' : type;
    const int precision = spec.precision.value_or(6);
    digits = type == '%'
                 ? printed(size * 100, precision, 'f', spec.alternate) + "%"
                 : printed(size, type == 'g' || type == 'G' ? std::max(precision, 1) : precision, type, spec.alternate);
  }
  return assembled(negative, "", digits, spec);
}

marked_text aligned(run& work, const marked_text& text, const format_spec& spec, char align) {
  const std::size_t have = count_characters(text.text());
  if (have >= spec.width)
    return text;
  const std::size_t missing = spec.width - have;
  work.spend_text(missing * spec.fill.size());
  work.spend(missing);
  const std::size_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  const auto fill = marked_text::trusted(spec.fill);
  return repeated(fill, before) + text + repeated(fill, missing - before);
}

marked_text formatted_value(run& work, const value& what, std::string_view spec_text) {
  if (spec_text.empty())
    return shown(work, what);
  const auto spec = read_format_spec(spec_text);
  if (what.text()) {
    if ((spec.type != '\0' && spec.type != 's') || spec.sign != '-' || spec.alternate || spec.grouping ||
        (spec.align == '=' && spec.fill != "0"))
      throw fault("the format \"" + std::string(spec_text) + "\" is not one for a string");
    auto text = *what.text();
    if (spec.precision)
      text = text.substr(0, bytes_of(text.text(), static_cast<std::size_t>(*spec.precision)));
    return aligned(work, text, spec, spec.align == '\0' || spec.align == '=' ? '<' : spec.align);
  }
  if (!what.is_number() || spec.type == 's')
    throw fault("the format \"" + std::string(spec_text) + "\" is not one for a " + what.type_name());
  if (what.is_float() && spec.type != '\0' && std::string_view("bcdoxX").find(spec.type) != std::string_view::npos)
    throw fault("the format \"" + std::string(spec_text) + "\" is not one for a float");
  const auto digits = what.is_float() ? formatted_real(what.real(), spec) : formatted_integer(what.integer(), spec);
  return aligned(work, marked_text::trusted(digits), spec, spec.align == '\0' || spec.align == '=' ? '>' : spec.align);
}

} // namespace avp::jinja
