// The TOML behind a pipeline, and where each key of it stands: internal to the loader.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "runtime/text/mistake.hpp"

namespace avp {

/// The parsed file with `--set` merged in. Keys are named by paths: `agent.judge.prompt`, `flow[0]`. Collects mistakes.
class pipeline_source {
public:
  /// Parses `text`; `file` names it in mistakes. A syntax error is reported, and the table stays empty.
  pipeline_source(std::string_view text, std::string file, const std::vector<std::string>& overrides);

  /// The whole as one table.
  [[nodiscard]] const toml::table& root() const { return root_; }

  /// Whether the text is TOML.
  [[nodiscard]] bool parsed() const { return parsed_; }

  /// The text as given, or the merged table where overrides changed something.
  [[nodiscard]] std::string text() const;

  /// Whether there is a key, given as its parts: {"agent", "judge", "prompt"}.
  [[nodiscard]] bool has(const std::vector<std::string>& parts) const;

  /// The path of an agent's key where it stands: in the agent's own table or in [defaults].
  [[nodiscard]] std::string path_of(const std::string& agent, const std::string& key) const;

  /// A mistake at a key, or where it is not there at the nearest table above it.
  void report(const std::string& path, std::string message);

  /// A mistake at the byte `offset` of the string that is the value of `path`.
  void report_in(const std::string& path, std::size_t offset, std::string message);

  /// The line of the byte `offset` of a string; nothing where `--set` gave it.
  [[nodiscard]] std::optional<std::size_t> line_in(const std::string& path, std::size_t offset) const;

  /// Something at a byte of a string that is allowed and probably not meant.
  void warn_in(const std::string& path, std::size_t offset, std::string message);

  /// A mistake somewhere else.
  void report(mistake m) { mistakes_.push_back(std::move(m)); }

  /// How many mistakes there are so far.
  [[nodiscard]] std::size_t mistake_count() const { return mistakes_.size(); }

  /// All mistakes so far, sorted by place.
  [[nodiscard]] std::vector<mistake> sorted_mistakes() const { return sorted(mistakes_); }

  /// The same of warnings.
  [[nodiscard]] std::vector<mistake> sorted_warnings() const { return sorted(warnings_); }

private:
  void parse();
  void apply(const std::string& override_text);
  void note_keys(const toml::table& table, const std::string& prefix);
  void note_value(const toml::node& value, const std::string& path);
  [[nodiscard]] std::optional<std::string> override_of(const std::string& path) const;
  [[nodiscard]] mistake at(const std::string& path, std::string message) const;
  [[nodiscard]] mistake in(const std::string& path, std::size_t offset, std::string message) const;
  [[nodiscard]] std::vector<mistake> sorted(std::vector<mistake> all) const;

  std::string text_;
  std::string file_;
  toml::table root_;
  bool parsed_ = false;
  std::map<std::string, toml::source_position> keys_;
  std::map<std::string, toml::source_position> values_;
  std::vector<std::string> override_keys_;
  std::vector<mistake> mistakes_;
  std::vector<mistake> warnings_;
};

/// The path of `key` in the table at `path`.
[[nodiscard]] std::string key_path(const std::string& path, std::string_view key);

/// Line and column of the byte `offset` of the TOML string whose opening quote stands at line and column `begin` of
/// `text`, escapes and multi-line strings reckoned with. At the end of the string at the latest.
[[nodiscard]] std::pair<std::size_t, std::size_t> place_in_string(std::string_view text, toml::source_position begin,
                                                                  std::size_t offset);

} // namespace avp
