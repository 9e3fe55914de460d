// The metadata of a GGUF file that describes its architecture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gpu/model/gguf_parts.hpp"
#include "gpu/model/model_error.hpp"

namespace avp {

/// The keys "ARCHITECTURE.…" of one model. Reading throws model_error when a key has another type.
class architecture_keys {
public:
  architecture_keys(const gguf_parts& parts, std::string prefix) : parts_(parts), prefix_(std::move(prefix)) {}

  /// The files, for what is said by tensors.
  [[nodiscard]] const gguf_parts& parts() const { return parts_; }
  [[nodiscard]] const gguf_file& file() const { return parts_.first(); }

  [[nodiscard]] std::string key(std::string_view name) const { return prefix_ + "." + std::string(name); }
  [[nodiscard]] bool contains(std::string_view name) const { return file().metadata().contains(key(name)); }

  [[nodiscard]] std::int64_t required(std::string_view name) const {
    if (const auto value = file().integer(key(name)))
      return *value;
    throw model_error(file().where() + ": metadata \"" + key(name) + "\" is missing");
  }

  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t otherwise) const {
    return file().integer(key(name)).value_or(otherwise);
  }

  [[nodiscard]] double number(std::string_view name, double otherwise) const {
    return file().number(key(name)).value_or(otherwise);
  }

  /// Whether the file has a tensor of this name, of whatever type.
  [[nodiscard]] bool has_tensor(const std::string& name) const {
    return parts_.tensors().contains(name) || parts_.unreadable().contains(name);
  }

  /// Refuses a file in which `name` is there with another value than `expected`.
  void must_be(std::string_view name, std::int64_t expected, std::string_view meaning) const {
    if (const auto value = integer(name, expected); value != expected)
      refuse(name, std::to_string(value), meaning);
  }

  /// Likewise with a number.
  void must_be_number(std::string_view name, double expected, std::string_view meaning) const {
    if (const auto value = number(name, expected); value != expected)
      refuse(name, std::to_string(value), meaning);
  }

  [[noreturn]] void refuse(std::string_view name, const std::string& value, std::string_view meaning) const {
    throw model_error(file().where() + ": metadata \"" + key(name) + "\" is " + value + ": " + std::string(meaning));
  }

private:
  const gguf_parts& parts_;
  std::string prefix_;
};

} // namespace avp
