// Reads the fields of a JSON object that a client sent, with types and ranges checked.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace avp {

/// Reads the body of a request. Throws request_refused where it is no JSON object.
[[nodiscard]] nlohmann::ordered_json read_body(std::string_view text);

/// A field that is null counts as one that is not there, and fields that nobody asks for are left aside: clients send
/// both. All functions throw request_refused, naming the field, for a value that is not as expected.
class request_fields {
public:
  /// `object` outlives this; `prefix` stands before the names of its fields in messages: "avp.".
  explicit request_fields(const nlohmann::ordered_json& object, std::string prefix = {});

  /// The value, or null where there is none.
  [[nodiscard]] const nlohmann::ordered_json* find(std::string_view name) const;

  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> whole(std::string_view name, std::int64_t least, std::int64_t most) const;
  [[nodiscard]] std::optional<double> number(std::string_view name, const std::string& expected,
                                             const std::function<bool(double)>& is_good) const;
  [[nodiscard]] const nlohmann::ordered_json* object(std::string_view name) const;

  /// A text or a list of texts, none of them empty.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

  /// Refuses a field: "NAME: MESSAGE".
  [[noreturn]] void refuse(std::string_view name, const std::string& message) const;

private:
  [[noreturn]] void unexpected(std::string_view name, const std::string& expected) const;

  const nlohmann::ordered_json& object_;
  std::string prefix_;
};

} // namespace avp
