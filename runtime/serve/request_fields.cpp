// Fields of a request by name and type.
#include "runtime/serve/request_fields.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "runtime/pipeline/exact_json.hpp"
#include "runtime/serve/api_error.hpp"

namespace avp {

namespace {

using nlohmann::ordered_json;

// A number that is not written as a program would write it comes as its text (parse_exact).
std::optional<double> number_in(const ordered_json& value) {
  if (value.is_number())
    return value.get<double>();
  if (!value.is_binary())
    return std::nullopt;
  const auto text = exact_text(value);
  double number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string shown(const ordered_json& value) {
  constexpr std::size_t most = 60;
  const auto text = exact_text(value);
  return text.size() <= most ? text : std::string("a longer ") + (value.is_object() ? "object" : value.type_name());
}

} // namespace

ordered_json read_body(std::string_view text) {
  ordered_json body;
  try {
    body = parse_exact(text);
  } catch (const nlohmann::json::exception& error) {
    const std::string what = error.what();
    const auto bracket = what.find("] ");
    throw request_refused(
        {.message = "The body is not JSON: " + (bracket == std::string::npos ? what : what.substr(bracket + 2))});
  } catch (const std::length_error& error) {
    throw request_refused({.message = "The body can't be read: " + std::string(error.what())});
  }
  if (!body.is_object())
    throw request_refused({.message = "The body must be a JSON object, not " + std::string(body.type_name()) + "."});
  return body;
}

request_fields::request_fields(const ordered_json& object, std::string prefix)
    : object_(object),
      prefix_(std::move(prefix)) {}

const ordered_json* request_fields::find(std::string_view name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void request_fields::refuse(std::string_view name, const std::string& message) const {
  const auto param = prefix_ + std::string(name);
  throw request_refused({.message = param + ": " + message, .param = param});
}

void request_fields::unexpected(std::string_view name, const std::string& expected) const {
  refuse(name, "expected " + expected + ", found " + shown(*find(name)));
}

std::optional<std::string> request_fields::text(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  if (!value->is_string())
    unexpected(name, "a string");
  return value->get<std::string>();
}

bool request_fields::flag(std::string_view name) const {
  const auto* value = find(name);
  if (value != nullptr && !value->is_boolean())
    unexpected(name, "true or false");
  return value != nullptr && value->get<bool>();
}

std::optional<double> request_fields::number(std::string_view name, const std::string& expected,
                                             const std::function<bool(double)>& is_good) const {
  const auto* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  const auto number = number_in(*value);
  if (!number || !std::isfinite(*number) || !is_good(*number))
    unexpected(name, expected);
  return number;
}

std::optional<std::int64_t> request_fields::whole(std::string_view name, std::int64_t least, std::int64_t most) const {
  const auto* value = find(name);
  if (value == nullptr)
    return std::nullopt;
  std::optional<std::int64_t> found;
  if (value->is_number_unsigned()) {
    if (const auto number = value->get<std::uint64_t>(); number <= std::numeric_limits<std::int64_t>::max())
      found = static_cast<std::int64_t>(number);
  } else if (value->is_number_integer()) {
    found = value->get<std::int64_t>();
  } else if (const auto number = number_in(*value);
             number && std::abs(*number) < 1e15 && std::floor(*number) == *number) {
    found = static_cast<std::int64_t>(*number);
  }
  if (!found || *found < least || *found > most)
    unexpected(name, most == std::numeric_limits<std::int64_t>::max()
                         ? "a whole number, " + std::to_string(least) + " or more"
                         : "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return found;
}

const ordered_json* request_fields::object(std::string_view name) const {
  const auto* value = find(name);
  if (value != nullptr && !value->is_object())
    unexpected(name, "an object");
  return value;
}

std::vector<std::string> request_fields::texts(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr)
    return {};
  std::vector<std::string> all;
  const auto add = [&](const ordered_json& one) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      unexpected(name, "a string or a list of strings, none of them empty");
    all.push_back(one.get<std::string>());
  };
  if (!value->is_array())
    add(*value);
  else
    for (const auto& one : *value)
      add(one);
  return all;
}

} // namespace avp
