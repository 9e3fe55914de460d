// Fields of messages between machines whose types CAF does not know.
#pragma once

#include <optional>
#include <string>

namespace avp {

/// Such a field in the list of an `inspect`: `f(x.name, as_field(x.seed))`. An optional goes as a flag and its value,
/// JSON as its text; text that is no JSON arrives as a discarded value. Enums need no help: they go as their number.
template <class T>
struct wire_field {
  T& value;
};

template <class T>
[[nodiscard]] wire_field<T> as_field(T& value) {
  return {value};
}

template <class Inspector, class T>
typename Inspector::result_type inspect(Inspector& f, wire_field<std::optional<T>>& x) {
  bool is_there = x.value.has_value();
  if constexpr (Inspector::reads_state) {
    return is_there ? f(is_there, *x.value) : f(is_there);
  } else {
    if (auto failed = f(is_there))
      return failed;
    x.value.reset();
    return is_there ? f(x.value.emplace()) : f();
  }
}

template <class Inspector, class Json>
requires requires(const Json& json) { json.dump(); }
typename Inspector::result_type inspect(Inspector& f, wire_field<Json>& x) {
  if constexpr (Inspector::reads_state) {
    auto text = x.value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return f(text);
  } else {
    std::string text;
    if (auto failed = f(text))
      return failed;
    x.value = Json::parse(text, nullptr, false);
    return f();
  }
}

} // namespace avp
