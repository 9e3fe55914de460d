// Arguments of functions, filters, tests and methods.
#include "gpu/text/jinja/arguments.hpp"

#include <algorithm>

#include "gpu/text/jinja/error.hpp"

namespace avp::jinja {

namespace {

[[noreturn]] void refuse_count(std::string_view what, std::size_t most, std::size_t came) {
  throw fault(std::string(what) + " takes at most " + std::to_string(most) + " arguments, but " + std::to_string(came) +
              " came");
}

} // namespace

std::vector<const value*> bind(std::string_view what, const arguments& given,
                               std::initializer_list<std::string_view> names) {
  std::vector<const value*> bound(names.size(), nullptr);
  if (given.positional.size() > names.size())
    refuse_count(what, names.size(), given.positional.size());
  for (std::size_t i = 0; i < given.positional.size(); ++i)
    bound[i] = &given.positional[i];
  const auto plain = [](std::string_view name) { return name.ends_with('?') ? name.substr(0, name.size() - 1) : name; };
  for (const auto& [name, held] : given.keywords) {
    const auto found = std::ranges::find(names, std::string_view(name), plain);
    if (found == names.end())
      throw fault(std::string(what) + " has no argument \"" + name + "\"");
    const value*& place = bound[static_cast<std::size_t>(found - names.begin())];
    if (place)
      throw fault(std::string(what) + " got the argument \"" + name + "\" twice");
    place = &held;
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!bound[i] && !(names.begin() + i)->ends_with('?'))
      throw fault(std::string(what) + " needs the argument \"" + std::string(*(names.begin() + i)) + "\"");
  return bound;
}

std::vector<const value*> bind_unnamed(std::string_view what, const arguments& given, std::size_t least,
                                       std::size_t most) {
  if (!given.keywords.empty())
    throw fault(std::string(what) + " takes no argument by its name, but \"" + given.keywords.front().first +
                "\" came");
  if (given.positional.size() > most)
    refuse_count(what, most, given.positional.size());
  if (given.positional.size() < least)
    throw fault(std::string(what) + " needs " + std::to_string(least) + " arguments, but " +
                std::to_string(given.positional.size()) + " came");
  std::vector<const value*> bound(most, nullptr);
  for (std::size_t i = 0; i < given.positional.size(); ++i)
    bound[i] = &given.positional[i];
  return bound;
}

std::int64_t integer_or(const value* given, std::int64_t otherwise) {
  if (!given)
    return otherwise;
  if (!given->is_number() || given->is_float())
    throw fault(given->is_undefined() ? given->reason()
                                      : "an integer was expected, but a " + given->type_name() + " came");
  return given->integer();
}

const marked_text& text_of(const value& given) {
  if (!given.text())
    throw fault(given.is_undefined() ? given.reason() : "a string was expected, but a " + given.type_name() + " came");
  return *given.text();
}

} // namespace avp::jinja
