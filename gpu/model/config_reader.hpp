// An object of a JSON configuration, read with messages that name the key.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace avp {

/// One JSON object of a configuration file. A value that is null counts as missing; one of another kind than is asked
/// for throws model_error.
class config_reader {
public:
  /// `where` names the object in messages. Throws model_error where it is none.
  config_reader(const nlohmann::json& object, std::string where);

  /// Throws model_error: the file, the key, and what is wrong with it.
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

  /// The value, or nullptr when it is missing or null.
  [[nodiscard]] const nlohmann::json* find(std::string_view key) const;

  /// Whether the key is there, be it with null.
  [[nodiscard]] bool contains(std::string_view key) const;

  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) const;
  [[nodiscard]] std::int64_t required(std::string_view key) const;
  [[nodiscard]] std::optional<double> number(std::string_view key) const;
  [[nodiscard]] double required_number(std::string_view key) const;
  [[nodiscard]] bool boolean(std::string_view key, bool otherwise = false) const;
  [[nodiscard]] std::string text(std::string_view key, std::string otherwise) const;

  /// The list under `key`; nothing when it is missing or null.
  [[nodiscard]] std::optional<std::vector<double>> numbers(std::string_view key) const;
  [[nodiscard]] std::optional<std::vector<std::string>> texts(std::string_view key) const;

  /// The object under `key`; nothing when it is missing or null.
  [[nodiscard]] std::optional<config_reader> object(std::string_view key) const;

  /// Refuses every key that is not among `known`; `meaning` says where these are all that may be there.
  void refuse_other_keys(std::span<const std::string_view> known, const std::string& meaning) const;

private:
  const nlohmann::json& object_;
  std::string where_;
};

} // namespace avp
