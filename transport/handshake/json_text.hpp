// JSON of strangers: parsed with limits, and written as Python writes it; used inside the room only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "transport/error.hpp"

namespace avp {

/// Parses JSON that is nested at most 64 deep. `what` names it in the error. Fails with bad_json.
[[nodiscard]] expected<nlohmann::json> parse_json(std::string_view text, std::string_view what);

/// Canonical JSON as Python's json.dumps(value, sort_keys=True, separators=(",", ":")) writes it: keys sorted by code
/// point, everything outside ASCII escaped, floats in their shortest form with Python's rules for exponents. `value`
/// comes from parse_json().
[[nodiscard]] std::string python_json(const nlohmann::json& value);

/// Fields of a JSON object that may be missing but, when there, must have their type.
class json_fields {
public:
  /// Reads fields of `object`, which `what` names in errors and which must outlive this.
  json_fields(const nlohmann::json& object, std::string_view what);

  /// Reads a string.
  json_fields& read(const char* key, std::string& to);

  /// Reads an unsigned integer of 32 bits.
  json_fields& read(const char* key, std::uint32_t& to);

  /// Reads an object and stores it as JSON text; `to` is not touched when the field is missing.
  json_fields& read_object(const char* key, std::string& to);

  /// The first mistake that was found, a bad_json, or success.
  [[nodiscard]] expected<void> result() const { return result_; }

private:
  const nlohmann::json* find(const char* key) const;
  void wrong(const char* key, const char* wanted, const nlohmann::json& found);

  const nlohmann::json& object_;
  std::string what_;
  expected<void> result_;
};

} // namespace avp
