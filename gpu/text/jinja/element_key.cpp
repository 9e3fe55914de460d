// What filters look at in each element: "attribute" and "case_sensitive".
#include "gpu/text/jinja/element_key.hpp"

#include <charconv>
#include <string>

#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/lookup.hpp"
#include "gpu/text/jinja/split.hpp"

namespace avp::jinja {

namespace {

value name_or_number(const marked_text& part) {
  std::int64_t number = 0;
  const std::string& text = part.text();
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number =
      !text.empty() && text[0] != '-' && result.ec == std::errc() && result.ptr == text.data() + text.size();
  return is_number ? value(number) : value(part);
}

} // namespace

element_key::element_key(const value* attribute, bool ignore_case, const value* otherwise)
    : ignore_case_(ignore_case),
      otherwise_(otherwise && !otherwise->is_none() ? otherwise : nullptr) {
  if (!attribute || attribute->is_none())
    return;
  if (!attribute->text())
    parts_.push_back(*attribute);
  else
    for (const auto& part : split_at(*attribute->text(), ".", -1, false))
      parts_.push_back(name_or_number(part));
}

value element_key::of(run& work, const value& element) const {
  value found = element;
  for (const value& part : parts_) {
    found = element_of(work, found, part);
    if (otherwise_ && found.is_undefined())
      found = *otherwise_;
  }
  return ignore_case_ && found.text() ? work.text(lower(*found.text())) : found;
}

element_keys::element_keys(const value* attributes, bool ignore_case) {
  if (!attributes || !attributes->text()) {
    keys_.emplace_back(attributes, ignore_case);
    return;
  }
  for (const value part : split_at(*attributes->text(), ",", -1, false))
    keys_.emplace_back(&part, ignore_case);
}

value element_keys::of(run& work, const value& element) const {
  std::vector<value> found;
  for (const auto& key : keys_)
    found.push_back(key.of(work, element));
  return value::list(std::move(found));
}

} // namespace avp::jinja
