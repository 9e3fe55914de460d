// The records that tasks are made of, read from JSON Lines.
#pragma once

#include <cstddef>
#include <filesystem>
#include <istream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/text/mistake.hpp"

namespace avp {

/// One input record: the data of one task.
struct record {
  std::string id;                ///< Names the task; unique in a run.
  nlohmann::ordered_json fields; ///< An object, as in the file: numbers keep their digits (exact_json.hpp).
  std::size_t line = 0;          ///< From 1; 0 for a record that came from no file.
};

/// A line that is no record. In a stream it is a task that failed; in a file it is found before the run.
struct bad_line {
  std::string id; ///< `line 7`: what the failed task is called.
  std::size_t line = 0;
  std::size_t column = 0; ///< Byte in the line from 1, or 0 where the whole line is meant.
  std::string message;
};

/// One line of input.
using input_item = std::variant<record, bad_line>;

/// Reads JSON Lines from a stream, one record at a time. A UTF-8 byte order mark, CRLF line ends and blank lines are
/// taken as they come. The task's id is the field named `id_field`, or else the field `id` (a string or a whole
/// number), or else, where no field was named, the first 16 hex digits of the SHA-256 of the record with sorted keys.
class record_reader {
public:
  /// Reads from `in`, which must outlive the reader, at most `limit` records and bad lines.
  explicit record_reader(std::istream& in, std::optional<std::string> id_field = {},
                         std::optional<std::size_t> limit = {});

  /// The next record, or what is wrong with the next line; nothing at the end or at the limit. Blocks as the stream
  /// does.
  [[nodiscard]] std::optional<input_item> next();

private:
  std::optional<std::string> next_line();
  input_item read(std::string_view line);
  input_item bad(std::string message, std::size_t column = 0) const;

  std::istream& in_;
  std::optional<std::string> id_field_;
  std::optional<std::size_t> limit_;
  std::size_t items_ = 0;
  std::size_t line_ = 0;
  bool ended_ = false;
  std::unordered_map<std::string, std::size_t> line_of_; ///< Ids seen and where.
};

/// What a look through a whole input file found.
struct input_summary {
  std::size_t records = 0;
  std::set<std::string> fields;  ///< Every field that some record has (a null is no field).
  std::vector<mistake> mistakes; ///< In line order; of very many only the first ones and their number.
};

/// Reads the file through, up to `limit` records, before a run. `shown_as` names it in mistakes. A file that cannot be
/// opened or is empty is a mistake too.
[[nodiscard]] input_summary scan_input(const std::filesystem::path& file, const std::string& shown_as,
                                       const std::optional<std::string>& id_field = {},
                                       std::optional<std::size_t> limit = {});

/// The record of `--ask`: one field with the question. Its id is made as for a record without an id.
/// Gives the message of the mistake where `question` is not UTF-8.
[[nodiscard]] std::variant<record, std::string> ask_record(const std::string& field, const std::string& question);

/// The fields as values of template variables: strings as they are, numbers as they stand in the file, arrays and
/// objects as compact JSON text. A null is left out: the record lacks that field.
[[nodiscard]] std::map<std::string, std::string> template_values(const nlohmann::ordered_json& fields);

} // namespace avp
