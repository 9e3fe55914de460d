// Filters of templates: those of jinja2, and the tojson of transformers.
#include "gpu/text/jinja/filters.hpp"

#include <algorithm>
#include <map>

namespace avp::jinja {

function_body find_filter(std::string_view name) {
  static const auto all = [] {
    std::map<std::string_view, function_body> made;
    for (const auto filters : {text_filters(), list_filters(), element_filters(), number_filters()})
      for (const auto& [filter, body] : filters)
        made.emplace(filter, body);
    return made;
  }();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : found->second;
}

} // namespace avp::jinja
