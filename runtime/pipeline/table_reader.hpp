// Reads one table of a pipeline file, with types and ranges checked: internal to the loader.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/pipeline/pipeline_source.hpp"
#include "transport/name_table.hpp"

namespace avp {

/// Every key that is asked for is a known one; finish() reports the others. A key of the wrong type or out of range is
/// reported and read as absent.
class table_reader {
public:
  /// Reads `table`, or nothing where it is null; `path` is its own key path, empty for the whole file.
  table_reader(pipeline_source& source, const toml::table* table, std::string path)
      : source_(source),
        table_(table),
        path_(std::move(path)) {}

  /// A string with something in it.
  std::optional<std::string> text(const std::string& key);

  /// A string, possibly empty.
  std::optional<std::string> any_text(const std::string& key);

  /// A whole number in a range.
  std::optional<std::int64_t> whole(const std::string& key, std::int64_t least, std::int64_t most);

  /// A number for which `is_good` holds; `expected` says which those are. Infinities and NaN never are.
  std::optional<double> number(const std::string& key, const std::string& expected,
                               const std::function<bool(double)>& is_good);

  /// A size in bytes, 1 or more: a whole number, or a string such as "2GiB" (see parse_byte_size).
  std::optional<std::int64_t> bytes(const std::string& key);

  /// true or false.
  std::optional<bool> boolean(const std::string& key);

  /// One of some words.
  std::optional<std::string> word(const std::string& key, const std::vector<std::string>& words);

  /// One of the names of an enum's values.
  template <named_enum Enum>
  std::optional<Enum> one_of(const std::string& key) {
    const auto name = word(key, all_names<Enum>());
    return name ? value_named<Enum>(*name) : std::nullopt;
  }

  /// A list of strings, none of them empty.
  std::optional<std::vector<std::string>> texts(const std::string& key);

  /// A string with something in it, or a list of such strings.
  std::optional<std::vector<std::string>> one_or_more(const std::string& key);
  /// A list of whole numbers in a range.
  std::optional<std::vector<std::int64_t>> wholes(const std::string& key, std::int64_t least, std::int64_t most);

  /// A table; null where there is none.
  const toml::table* table(const std::string& key);

  /// Reports keys that nobody asked for.
  void finish();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] pipeline_source& source() { return source_; }

private:
  const toml::node* find(const std::string& key);
  void wrong(const std::string& key, const std::string& expected, const toml::node& found);

  pipeline_source& source_;
  const toml::table* table_;
  std::string path_;
  std::vector<std::string> known_;
};

/// Calls `read` for every table in `[group.NAME]`; values that are no tables are reported.
void for_each_table(table_reader& top, const std::string& group,
                    const std::function<void(const std::string&, table_reader&)>& read);

/// What a mistake calls a value that is not as expected: `the string "x"`, `a table`, …
[[nodiscard]] std::string described(const toml::node& node);

} // namespace avp
