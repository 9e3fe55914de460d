// The "%" of strings.
#include "gpu/text/jinja/printf.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/number_format.hpp"
#include "gpu/text/jinja/show.hpp"
#include "gpu/text/utf8.hpp"

namespace avp::jinja {

namespace {

/// The values of a "%" and which are used.
class printed_values {
public:
  explicit printed_values(const value& given) : given_(given) {
    if (given.items() && given.items()->kind == sequence_kind::tuple)
      several_ = given.items();
  }

  const value& next() {
    const std::size_t count = several_ ? several_->items.size() : 1;
    if (used_ == count)
      throw fault("there are not enough values for the places of the format string");
    return several_ ? several_->items[used_++] : (++used_, given_);
  }

  const value& named(std::string_view name) {
    if (!given_.entries())
      throw fault("the format string names its values, so it needs a map");
    by_name_ = true;
    const value* found = given_.entries()->find(name);
    if (!found)
      throw fault("the format string asks for \"" + std::string(name) + "\", which is not in the map");
    return *found;
  }

  void check_all_used() const {
    // Python takes whatever can be indexed for a map.
    const bool is_indexed =
        given_.items() && !several_ &&
        (given_.items()->kind == sequence_kind::list || given_.items()->kind == sequence_kind::range);
    const bool can_be_left = given_.entries() || is_indexed || given_.is_undefined();
    if (!by_name_ && !can_be_left && used_ < (several_ ? several_->items.size() : 1))
      throw fault("there are more values than places in the format string");
  }

private:
  const value& given_;
  const sequence* several_ = nullptr;
  std::size_t used_ = 0;
  bool by_name_ = false;
};

std::int64_t whole_number(const value& given, char type) {
  if (!given.is_number() || (given.is_float() && type != 'd' && type != 'i' && type != 'u'))
    throw fault(std::string("%") + type + " needs a number, but a " + given.type_name() + " came");
  if (!given.is_float())
    return given.integer();
  if (!(std::abs(given.real()) < 9.2e18))
    throw fault(std::string("%") + type + " needs a number of 64 bits");
  return static_cast<std::int64_t>(given.real());
}

marked_text character_of(const value& given) {
  if (given.text() && count_characters(given.text()->text()) == 1)
    return *given.text();
  const bool is_code = given.is_number() && !given.is_float() && given.integer() >= 0 && given.integer() < 0x110000 &&
                       (given.integer() < 0xD800 || given.integer() > 0xDFFF);
  if (!is_code)
    throw fault("%c needs a character or its number");
  std::string made;
  append_utf8(made, static_cast<char32_t>(given.integer()));
  return marked_text::trusted(made);
}

marked_text printed_value(run& work, const value& given, char type, format_spec spec) {
  switch (type) {
  case 's':
  case 'r':
  case 'a': {
    auto text = type == 's' ? shown(work, given) : quoted(work, given);
    if (spec.precision)
      text = text.substr(0, bytes_of(text.text(), static_cast<std::size_t>(*spec.precision)));
    return aligned(work, text, spec, spec.align == '<' ? '<' : '>');
  }
  case 'c':
    return aligned(work, character_of(given), spec, spec.align == '<' ? '<' : '>');
  case 'd':
  case 'i':
  case 'u':
  case 'x':
  case 'X':
  case 'o': {
    const std::int64_t number = whole_number(given, type);
    spec.type = type == 'i' || type == 'u' ? 'd' : type;
    if (spec.precision) { // the least number of digits
      format_spec digits{.fill = "0",
                         .align = '=',
                         .sign = spec.sign,
                         .alternate = spec.alternate,
                         .width = static_cast<std::size_t>(*spec.precision) + (number < 0 || spec.sign != '-' ? 1 : 0) +
                                  (spec.alternate && spec.type != 'd' ? 2 : 0),
                         .type = spec.type};
      if (spec.align == '=') // "0" fills up, too
        digits.width = std::max(digits.width, spec.width);
      const auto made = marked_text::trusted(formatted_integer(number, digits));
      return aligned(work, made, spec, spec.align == '<' ? '<' : '>');
    }
    return aligned(work, marked_text::trusted(formatted_integer(number, spec)), spec, spec.align == '<' ? '<' : '>');
  }
  case 'e':
  case 'E':
  case 'f':
  case 'F':
  case 'g':
  case 'G':
    if (!given.is_number())
      throw fault(std::string("%") + type + " needs a number, but a " + given.type_name() + " came");
    spec.type = type;
    return aligned(work, marked_text::trusted(formatted_real(given.real(), spec)), spec, spec.align == '<' ? '<' : '>');
  default:
    throw fault(std::string("the format string has \"%") + type + "\", which means nothing");
  }
}

} // namespace

marked_text print_formatted(run& work, const marked_text& form, const value& given) {
  const std::string& text = form.text();
  printed_values values(given);
  marked_text made;
  std::size_t at = 0;
  const auto current = [&] {
    if (at >= text.size())
      throw fault("the format string ends behind a \"%\"");
    return text[at];
  };
  const auto count = [&]() -> int {
    if (at < text.size() && text[at] == '*') {
      ++at;
      const auto read = integer_or(&values.next(), 0);
      if (read > 1'000'000 || read < -1'000'000)
        throw fault("a width or precision of a format is too large");
      return static_cast<int>(read);
    }
    int read = 0;
    const auto end = std::from_chars(text.data() + at, text.data() + text.size(), read).ptr;
    if (end - (text.data() + at) > 7)
      throw fault("a width or precision of a format is too large");
    at = static_cast<std::size_t>(end - text.data());
    return read;
  };
  while (true) {
    const auto percent = std::min(text.find('%', at), text.size());
    made += form.substr(at, percent - at);
    if (percent == text.size())
      break;
    at = percent + 1;
    if (current() == '%') {
      made += form.substr(at++, 1);
      continue;
    }
    const value* named = nullptr;
    if (current() == '(') {
      std::size_t open = 1;
      const std::size_t begin = ++at;
      for (; open > 0; ++at)
        open += current() == '(' ? 1U : current() == ')' ? static_cast<std::size_t>(-1) : 0U;
      named = &values.named(std::string_view(text).substr(begin, at - 1 - begin));
    }
    format_spec spec;
    bool zero = false;
    bool left = false;
    for (char flag = current(); std::string_view("-+ #0").find(flag) != std::string_view::npos; flag = current()) {
      left |= flag == '-';
      zero |= flag == '0';
      spec.alternate |= flag == '#';
      if (flag == '+' || (flag == ' ' && spec.sign != '+'))
        spec.sign = flag;
      ++at;
    }
    if (const int width = count(); width < 0) {
      left = true;
      spec.width = static_cast<std::size_t>(-width);
    } else {
      spec.width = static_cast<std::size_t>(width);
    }
    if (current() == '.') {
      ++at;
      spec.precision = std::max(count(), 0);
    }
    while (current() == 'h' || current() == 'l' || current() == 'L')
      ++at;
    const char type = current();
    ++at;
    const bool is_number = std::string_view("diuxXoeEfFgG").find(type) != std::string_view::npos;
    if (left) {
      spec.align = '<';
    } else if (zero && is_number) {
      spec.align = '=';
      spec.fill = "0";
    }
    made += printed_value(work, named ? *named : values.next(), type, spec);
    work.check_text(made.text().size());
  }
  values.check_all_used();
  return made;
}

} // namespace avp::jinja
