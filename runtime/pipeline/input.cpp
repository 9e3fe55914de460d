// The records that tasks are made of, read from JSON Lines.
#include "runtime/pipeline/input.hpp"

#include <fstream>
#include <stdexcept>

#include "runtime/pipeline/exact_json.hpp"
#include "transport/sha256.hpp"

namespace avp {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t longest_line = std::size_t{64} << 20;

/// nlohmann's message without its `[json.exception.…] parse error at line 1, column 7: ` in front.
std::string reason(const nlohmann::json::exception& e) {
  const std::string text = e.what();
  const auto from = text.find("syntax error");
  if (from != std::string::npos)
    return text.substr(from);
  const auto bracket = text.find("] ");
  return bracket == std::string::npos ? text : text.substr(bracket + 2);
}

std::string hash_id(const ordered_json& fields) {
  constexpr std::size_t digits = 16;
  return sha256_hex(sorted_text(fields)).substr(0, digits);
}

} // namespace

record_reader::record_reader(std::istream& in, std::optional<std::string> id_field, std::optional<std::size_t> limit)
    : in_(in),
      id_field_(std::move(id_field)),
      limit_(limit) {}

std::optional<input_item> record_reader::next() {
  while (!ended_ && (!limit_ || items_ < *limit_)) {
    auto line = next_line();
    if (!line)
      return std::nullopt;
    if (line->find_first_not_of(" \t\r") == std::string::npos)
      continue;
    ++items_;
    if (line->size() > longest_line) {
      ended_ = true;
      return bad("the line is longer than " + std::to_string(longest_line >> 20) + " MiB; reading ends here");
    }
    return read(*line);
  }
  return std::nullopt;
}

std::optional<std::string> record_reader::next_line() {
  std::string line;
  char c = 0;
  while (line.size() <= longest_line && in_.get(c) && c != '\n')
    line += c;
  if (line.empty() && !in_) {
    ended_ = true;
    return std::nullopt;
  }
  ++line_;
  if (line_ == 1 && line.starts_with("\xEF\xBB\xBF"))
    line.erase(0, 3);
  return line;
}

input_item record_reader::bad(std::string message, std::size_t column) const {
  return bad_line{"line " + std::to_string(line_), line_, column, std::move(message)};
}

input_item record_reader::read(std::string_view line) {
  record result;
  result.line = line_;
  try {
    result.fields = parse_exact(line);
  } catch (const nlohmann::json::parse_error& e) {
    return bad("not JSON: " + reason(e), e.byte);
  } catch (const nlohmann::json::exception& e) {
    return bad("not JSON that can be used: " + reason(e));
  } catch (const std::length_error& e) {
    return bad(e.what());
  }
  if (!result.fields.is_object())
    return bad(std::string("expected a JSON object with the record's fields, found ") + result.fields.type_name());

  const auto field = id_field_.value_or("id");
  if (const auto id = result.fields.find(field); id == result.fields.end()) {
    if (id_field_)
      return bad("the record has no field \"" + field + "\", which [input] id names");
    result.id = hash_id(result.fields);
  } else if (id->is_string() && !id->get_ref<const std::string&>().empty()) {
    result.id = id->get<std::string>();
  } else if (is_whole_number(*id)) {
    result.id = exact_text(*id);
  } else {
    return bad("the field \"" + field + "\" names the task and must be a text (not empty) or a whole number, found " +
               (id->is_string() ? "an empty text" : exact_text(*id).substr(0, 40)));
  }

  if (const auto [seen, is_new] = line_of_.emplace(result.id, line_); !is_new)
    return bad("a second record with the id \"" + result.id + "\"; the first is on line " +
               std::to_string(seen->second));
  return result;
}

input_summary scan_input(const std::filesystem::path& file, const std::string& shown_as,
                         const std::optional<std::string>& id_field, std::optional<std::size_t> limit) {
  constexpr std::size_t most_mistakes = 20;
  input_summary summary;
  const auto report = [&](std::size_t line, std::size_t column, std::string message) {
    summary.mistakes.push_back({shown_as, line, column, std::move(message)});
  };
  std::error_code error;
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file, error)) {
    report(0, 0, "cannot read the input file" + std::string(in ? ": it is a folder" : "; is the path right?"));
    return summary;
  }
  record_reader reader(in, id_field, limit);
  std::size_t bad_lines = 0;
  while (const auto item = reader.next()) {
    if (const auto* good = std::get_if<record>(&*item)) {
      ++summary.records;
      for (const auto& [name, value] : good->fields.items())
        if (!value.is_null())
          summary.fields.insert(name);
    } else if (const auto& line = std::get<bad_line>(*item); ++bad_lines <= most_mistakes) {
      report(line.line, line.column, line.message);
    }
  }
  if (bad_lines > most_mistakes)
    report(summary.mistakes.back().line, 0,
           "… and " + std::to_string(bad_lines - most_mistakes) + " more bad lines after this one");
  if (summary.records == 0 && bad_lines == 0 && (!limit || *limit > 0))
    report(0, 0, "the input file has no records");
  return summary;
}

std::variant<record, std::string> ask_record(const std::string& field, const std::string& question) {
  record result;
  result.fields = ordered_json{{field, question}};
  try {
    result.id = hash_id(result.fields);
  } catch (const nlohmann::json::exception&) {
    return "The question is not valid UTF-8.";
  }
  return result;
}

} // namespace avp
