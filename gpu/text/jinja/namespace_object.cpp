// namespace(): the one value that a template can change.
#include "gpu/text/jinja/namespace_object.hpp"

#include <algorithm>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

value namespace_object::make(run& work, const mapping& attributes) {
  auto made = std::make_shared<namespace_object>();
  for (const auto& [key, held] : attributes.entries())
    made->set(key.text() ? key.text()->text() : jinja::shown(work, key).text(), held);
  work.spend(10);
  work.keep(made);
  return std::shared_ptr<object>(std::move(made));
}

marked_text namespace_object::shown(run& work) const {
  mapping map;
  for (const auto& [name, held] : attributes_)
    map.put(value::trusted(name), held);
  return marked_text::trusted("<Namespace ") + jinja::shown(work, value(std::move(map))) + marked_text::trusted(">");
}

std::optional<value> namespace_object::attribute(std::string_view name) {
  const auto found = std::ranges::find(attributes_, name, &std::pair<std::string, value>::first);
  return found == attributes_.end() ? std::nullopt : std::optional(found->second);
}

void namespace_object::set(std::string_view name, value held) {
  if (name.starts_with('_'))
    throw fault("an attribute of a namespace can't begin with \"_\": \"" + std::string(name) + "\"");
  const auto found = std::ranges::find(attributes_, name, &std::pair<std::string, value>::first);
  if (found == attributes_.end())
    attributes_.emplace_back(std::string(name), std::move(held));
  else
    found->second = std::move(held);
}

} // namespace avp::jinja
