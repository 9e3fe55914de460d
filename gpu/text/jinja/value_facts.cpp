// What is asked of values: truth, type, depth, being the same, being a key.
#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gpu/text/jinja/compare.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/object.hpp"
#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

bool value::truth() const {
  if (is_undefined() || is_none())
    return false;
  if (is_float())
    return real() != 0;
  if (is_number())
    return integer() != 0;
  if (text())
    return !text()->empty();
  if (items())
    return items()->kind == sequence_kind::generator || !items()->items.empty();
  return !entries() || !entries()->entries().empty();
}

std::string value::type_name() const {
  constexpr std::string_view kinds[] = {"list",      "tuple",       "range",     "generator",
                                        "dict_keys", "dict_values", "dict_items"};
  constexpr const char* plain[] = {"Undefined", "NoneType", "bool", "int", "float", "str"};
  if (items())
    return std::string(kinds[static_cast<std::size_t>(items()->kind)]);
  if (entries())
    return "dict";
  return made() ? made()->type_name() : plain[held_.index()];
}

std::string value::reason() const {
  const auto* held = std::get_if<undefined>(&held_);
  return held && held->reason ? *held->reason : "the value is undefined";
}

std::size_t value::depth() const {
  if (items())
    return items()->depth;
  if (entries())
    return entries()->depth();
  const auto* held = std::get_if<std::shared_ptr<object>>(&held_);
  return held ? (*held)->depth() : 0;
}

bool value::same_as(const value& other) const {
  if (held_.index() != other.held_.index())
    return false;
  if (const auto* held = std::get_if<std::shared_ptr<const marked_text>>(&held_))
    return *held == std::get<std::shared_ptr<const marked_text>>(other.held_);
  if (items())
    return items() == other.items();
  if (entries())
    return entries() == other.entries();
  if (made())
    return made() == other.made();
  return !is_undefined() && equal(*this, other);
}

std::size_t key_hash::operator()(const value& key) const {
  run::spend_here();
  if (const auto* text = key.text())
    return std::hash<std::string_view>()(text->text());
  if (key.is_float())
    return std::hash<double>()(key.real());
  if (key.is_number()) // an integer and the floating-point number equal to it are one key
    return std::hash<double>()(static_cast<double>(key.integer()));
  if (key.items() && key.items()->kind == sequence_kind::tuple) {
    std::size_t hash = 7;
    for (const value& item : key.items()->items)
      hash = hash * 31 + (*this)(item);
    return hash;
  }
  const auto* items = key.items();
  if (key.entries() || (items && (items->kind == sequence_kind::list || items->kind == sequence_kind::keys ||
                                  items->kind == sequence_kind::items)))
    throw fault("a " + key.type_name() + " can't be a key of a map, nor an element of a set");
  return std::hash<const void*>()(key.made() ? static_cast<const void*>(key.made().get()) : key.items());
}

bool key_equal::operator()(const value& left, const value& right) const { return equal(left, right); }

const value* mapping::find(const value& key) const {
  const auto found = places_.find(key);
  return found == places_.end() ? nullptr : &entries_[found->second].second;
}

const value* mapping::find(std::string_view key) const { return find(value::trusted(std::string(key))); }

void mapping::put(const value& key, value held) {
  depth_ = std::max({depth_, 1 + held.depth(), 1 + key.depth()});
  if (const auto [found, is_new] = places_.try_emplace(key, entries_.size()); !is_new)
    entries_[found->second].second = std::move(held);
  else
    entries_.emplace_back(key, std::move(held));
}

} // namespace avp::jinja
