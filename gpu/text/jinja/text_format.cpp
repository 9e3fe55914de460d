// str.format().
#include "gpu/text/jinja/text_format.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/lookup.hpp"
#include "gpu/text/jinja/number_format.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

namespace {

class text_formatter {
public:
  text_formatter(run& work, const arguments& given) : work_(work), given_(given) {}

  marked_text format(const marked_text& form, std::size_t depth) {
    if (depth > 2)
      throw fault("the fields of a format string lie in one another too deeply");
    const std::string& text = form.text();
    marked_text made;
    for (std::size_t at = 0; at < text.size();) {
      const auto sign = std::min(text.find_first_of("{}", at), text.size());
      made += form.substr(at, sign - at);
      if (sign == text.size())
        break;
      at = sign + 1;
      if (at < text.size() && text[at] == text[sign]) {
        made += form.substr(at++, 1);
        continue;
      }
      if (text[sign] == '}')
        throw fault("a format string has a single \"}\"");
      const auto end = end_of_field(text, at);
      made += field(form.substr(at, end - at), depth);
      work_.check_text(made.text().size());
      at = end + 1;
    }
    return made;
  }

private:
  static std::size_t end_of_field(std::string_view text, std::size_t at) {
    for (std::size_t open = 1; at < text.size(); ++at) {
      open += text[at] == '{' ? 1U : 0U;
      if (text[at] == '}' && --open == 0)
        return at;
    }
    throw fault("a format string has a \"{\" without a \"}\"");
  }

  marked_text field(const marked_text& source, std::size_t depth) {
    const std::string_view text = source.text();
    std::size_t end = 0;
    for (bool inside = false; end < text.size() && (inside || (text[end] != '!' && text[end] != ':')); ++end)
      inside = text[end] == '[' || (inside && text[end] != ']');
    const std::string_view name = text.substr(0, end);
    if (name.find('{') != std::string_view::npos)
      throw fault("the name of a field in a format string has a \"{\"");
    value held = value_of(name);
    char conversion = '\0';
    if (end < text.size() && text[end] == '!') {
      if (end + 1 >= text.size() || (end + 2 < text.size() && text[end + 2] != ':'))
        throw fault("a conversion in a format string is one letter: \"!s\", \"!r\" or \"!a\"");
      conversion = text[end + 1];
      end += 2;
    }
    if (conversion != '\0' && conversion != 's' && conversion != 'r' && conversion != 'a')
      throw fault("a conversion in a format string is \"!s\", \"!r\" or \"!a\"");
    if (conversion != '\0')
      held = work_.text(conversion == 's' ? shown(work_, held) : quoted(work_, held));
    const auto spec = end < text.size() ? format(source.substr(end + 1), depth + 1) : marked_text();
    return formatted_value(work_, held, spec.text());
  }

  value value_of(std::string_view name) {
    const auto first_end = std::min(name.find_first_of(".["), name.size());
    value held = first_of(name.substr(0, first_end));
    for (std::size_t at = first_end; at < name.size();) {
      if (name[at] == '.') {
        const auto end = std::min(name.find_first_of(".[", at + 1), name.size());
        held = attribute_of(work_, held, name.substr(at + 1, end - at - 1));
        at = end;
      } else if (name[at] == '[') {
        const auto end = name.find(']', at);
        if (end == std::string_view::npos || end == at + 1)
          throw fault("a format string has a \"[\" without an index and a \"]\"");
        const auto which = name.substr(at + 1, end - at - 1);
        const auto number = number_in(which);
        held = element_of(work_, held, number ? value(*number) : value::trusted(std::string(which)));
        at = end + 1;
      } else {
        throw fault("only \".\" or \"[\" may follow \"]\" in a format string");
      }
    }
    return held;
  }

  value first_of(std::string_view name) {
    const auto number = number_in(name);
    if (name.empty() || number) {
      if (counts_by_itself_ && *counts_by_itself_ != name.empty())
        throw fault("a format string has places with numbers and without");
      counts_by_itself_ = name.empty();
      const auto place = static_cast<std::size_t>(number ? *number : next_++);
      if (place >= given_.positional.size())
        throw fault("there are not enough values for the places of the format string");
      return given_.positional[place];
    }
    const value* found = given_.keyword(name);
    if (!found)
      throw fault("the format string asks for \"" + std::string(name) + "\", which was not given");
    return *found;
  }

  static std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t number = 0;
    if (text.empty() || text[0] == '-')
      return std::nullopt;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
    return result.ec == std::errc() && result.ptr == text.data() + text.size() ? std::optional(number) : std::nullopt;
  }

  run& work_;
  const arguments& given_;
  std::int64_t next_ = 0;
  std::optional<bool> counts_by_itself_;
};

} // namespace

marked_text formatted(run& work, const marked_text& form, const arguments& given) {
  return text_formatter(work, given).format(form, 0);
}

} // namespace avp::jinja
