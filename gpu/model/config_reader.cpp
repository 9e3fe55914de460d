// Values of a JSON object by their keys.
#include "gpu/model/config_reader.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "gpu/model/model_error.hpp"

namespace avp {

config_reader::config_reader(const nlohmann::json& object, std::string where)
    : object_(object),
      where_(std::move(where)) {
  if (!object_.is_object())
    throw model_error(where_ + ": expected a JSON object, found " + object_.type_name());
}

void config_reader::fail(std::string_view key, const std::string& what) const {
  throw model_error(where_ + ": \"" + std::string(key) + "\" " + what);
}

const nlohmann::json* config_reader::find(std::string_view key) const {
  const auto found = object_.find(key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool config_reader::contains(std::string_view key) const { return object_.contains(key); }

std::optional<std::int64_t> config_reader::integer(std::string_view key) const {
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > most))
    fail(key, "is " + value->dump() + ", expected a whole number");
  return value->get<std::int64_t>();
}

std::int64_t config_reader::required(std::string_view key) const {
  if (const auto value = integer(key))
    return *value;
  fail(key, "is missing");
}

std::optional<double> config_reader::number(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (!value->is_number())
    fail(key, "is " + value->dump() + ", expected a number");
  return value->get<double>();
}

double config_reader::required_number(std::string_view key) const {
  if (const auto value = number(key))
    return *value;
  fail(key, "is missing");
}

bool config_reader::boolean(std::string_view key, bool otherwise) const {
  const auto* value = find(key);
  if (value == nullptr)
    return otherwise;
  if (!value->is_boolean())
    fail(key, "is " + value->dump() + ", expected true or false");
  return value->get<bool>();
}

std::string config_reader::text(std::string_view key, std::string otherwise) const {
  const auto* value = find(key);
  if (value == nullptr)
    return otherwise;
  if (!value->is_string())
    fail(key, "is " + value->dump() + ", expected a string");
  return value->get<std::string>();
}

std::optional<std::vector<double>> config_reader::numbers(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (!value->is_array() || !std::ranges::all_of(*value, [](const nlohmann::json& one) { return one.is_number(); }))
    fail(key, "is " + value->dump() + ", expected a list of numbers");
  return value->get<std::vector<double>>();
}

std::optional<std::vector<std::string>> config_reader::texts(std::string_view key) const {
  const auto* value = find(key);
  if (value == nullptr)
    return std::nullopt;
  if (!value->is_array() || !std::ranges::all_of(*value, [](const nlohmann::json& one) { return one.is_string(); }))
    fail(key, "is " + value->dump() + ", expected a list of strings");
  return value->get<std::vector<std::string>>();
}

std::optional<config_reader> config_reader::object(std::string_view key) const {
  const auto* value = find(key);
  return value == nullptr ? std::nullopt
                          : std::optional(config_reader(*value, where_ + ": \"" + std::string(key) + "\""));
}

void config_reader::refuse_other_keys(std::span<const std::string_view> known, const std::string& meaning) const {
  for (const auto& [key, value] : object_.items())
    if (!value.is_null() && std::ranges::find(known, key) == known.end()) {
      std::string names;
      for (const auto name : known)
        names += (names.empty() ? "" : ", ") + std::string(name);
      fail(key, "is not known " + meaning + "; these are: " + names);
    }
}

} // namespace avp
