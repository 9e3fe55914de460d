// Looking through values.
#include "gpu/text/jinja/iterate.hpp"

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/error.hpp"

namespace avp::jinja {

bool is_iterable(const value& source) {
  return source.is_undefined() || source.text() || source.items() || source.entries();
}

std::vector<value> elements(run& work, const value& source) {
  std::vector<value> found;
  if (const auto* items = source.items()) {
    work.spend(items->items.size() - items->taken);
    if (items->kind != sequence_kind::generator)
      return items->items;
    found.assign(items->items.begin() + static_cast<std::ptrdiff_t>(items->taken), items->items.end());
    items->taken = items->items.size();
    if (!items->failure.empty())
      throw fault(items->failure);
  } else if (const auto* text = source.text()) {
    work.spend(text->text().size());
    const auto starts = character_starts(text->text());
    for (std::size_t i = 0; i + 1 < starts.size(); ++i)
      found.emplace_back(text->substr(starts[i], starts[i + 1] - starts[i]));
  } else if (const auto* entries = source.entries()) {
    for (const auto& entry : entries->entries())
      found.push_back(entry.first);
  } else if (!source.is_undefined()) {
    throw fault("a " + source.type_name() + " is not iterable");
  }
  return found;
}

std::size_t length(const value& source) {
  if (source.is_undefined())
    return 0;
  if (source.text())
    return count_characters(source.text()->text());
  if (source.entries())
    return source.entries()->entries().size();
  if (!source.items() || source.items()->kind == sequence_kind::generator)
    throw fault("a " + source.type_name() + " has no length");
  return source.items()->items.size();
}

std::vector<value> pairs(const mapping& source) {
  std::vector<value> found;
  for (const auto& [key, held] : source.entries())
    found.push_back(value::tuple({key, held}));
  return found;
}

} // namespace avp::jinja
