// Adding up thoughts.
#include "gpu/thought.hpp"

#include <algorithm>
#include <iterator>

namespace avp {

thought& thought::operator+=(thought more) {
  std::move(more.steps.begin(), more.steps.end(), std::back_inserter(steps));
  for (const auto warning : more.warnings)
    warn(warning);
  return *this;
}

void thought::warn(thought_warning of) {
  if (std::ranges::find(warnings, of) == warnings.end())
    warnings.push_back(of);
}

std::vector<std::string> thought::warning_names() const {
  std::vector<std::string> names;
  for (const auto warning : warnings)
    names.emplace_back(name_of(warning));
  return names;
}

void thought::warn_by_names(const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (const auto known = value_named<thought_warning>(name))
      warn(*known);
}

} // namespace avp
