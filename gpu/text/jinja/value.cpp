// Values of a template: what Python would have, as far as templates can tell.
#include "gpu/text/jinja/value.hpp"

#include <algorithm>
#include <limits>

#include <nlohmann/json.hpp>

#include "gpu/text/jinja/error.hpp"

namespace avp::jinja {

namespace {

// Values in one another are taken apart, printed and compared by functions that call themselves.
constexpr std::size_t deepest = 100;

std::size_t checked_depth(std::size_t depth) {
  if (depth > deepest)
    throw fault("lists and maps lie in one another more than " + std::to_string(deepest) + " levels deep");
  return depth;
}

sequence counted(sequence items) {
  items.depth = 1;
  for (const value& item : items.items)
    items.depth = std::max(items.depth, 1 + item.depth());
  checked_depth(items.depth);
  return items;
}

std::vector<value> with_capacity(std::size_t size) {
  std::vector<value> items;
  items.reserve(size);
  return items;
}

marked_text text_from(const std::string& text, origin from) {
  return from == origin::trusted ? marked_text::trusted(text) : marked_text(text);
}

value value_from(const nlohmann::ordered_json& json, origin from, std::size_t depth) {
  using kind = nlohmann::ordered_json::value_t;
  checked_depth(depth); // before it is walked: this function calls itself
  switch (json.type()) {
  case kind::boolean:
    return json.get<bool>();
  case kind::number_integer:
    return json.get<std::int64_t>();
  case kind::number_unsigned:
    if (json.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      throw fault("the number " + json.dump() + " is too large: integers have 64 bits");
    return json.get<std::int64_t>();
  case kind::number_float:
    return json.get<double>();
  case kind::string:
    return text_from(json.get_ref<const std::string&>(), from);
  case kind::array: {
    auto items = with_capacity(json.size());
    for (const auto& item : json)
      items.push_back(value_from(item, from, depth + 1));
    return value::list(std::move(items));
  }
  case kind::object: {
    mapping entries;
    for (const auto& [key, held] : json.items())
      entries.put(text_from(key, from), value_from(held, from, depth + 1));
    return entries;
  }
  default:
    return nullptr;
  }
}

} // namespace

value::value(marked_text text) : held_(std::make_shared<const marked_text>(std::move(text))) {}

value::value(sequence items) : held_(std::make_shared<const sequence>(counted(std::move(items)))) {}

value::value(mapping entries) {
  checked_depth(entries.depth());
  held_ = std::make_shared<const mapping>(std::move(entries));
}

value::value(std::shared_ptr<object> made) : held_(std::move(made)) {}

value value::trusted(std::string text) { return marked_text::trusted(std::move(text)); }

value value::missing(std::string reason) {
  value made;
  made.held_ = undefined{std::make_shared<const std::string>(std::move(reason))};
  return made;
}

value value::list(std::vector<value> items) { return sequence{sequence_kind::list, std::move(items)}; }

value value::tuple(std::vector<value> items) { return sequence{sequence_kind::tuple, std::move(items)}; }

value value::generator(std::vector<value> items) { return sequence{sequence_kind::generator, std::move(items)}; }

value value::from_json(const nlohmann::ordered_json& json, origin from) { return value_from(json, from, 1); }

const marked_text* value::text() const {
  const auto* held = std::get_if<std::shared_ptr<const marked_text>>(&held_);
  return held ? held->get() : nullptr;
}

const sequence* value::items() const {
  const auto* held = std::get_if<std::shared_ptr<const sequence>>(&held_);
  return held ? held->get() : nullptr;
}

const mapping* value::entries() const {
  const auto* held = std::get_if<std::shared_ptr<const mapping>>(&held_);
  return held ? held->get() : nullptr;
}

std::shared_ptr<object> value::made() const {
  const auto* held = std::get_if<std::shared_ptr<object>>(&held_);
  return held ? *held : nullptr;
}

std::int64_t value::integer() const { return is_bool() ? std::get<bool>(held_) : std::get<std::int64_t>(held_); }

double value::real() const { return is_float() ? std::get<double>(held_) : static_cast<double>(integer()); }

} // namespace avp::jinja
