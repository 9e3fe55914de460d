// The TOML behind a pipeline, and where each key of it stands: internal to the loader.
#include "runtime/pipeline/pipeline_source.hpp"

#include <algorithm>
#include <sstream>

namespace avp {
namespace {

/// toml++ walks dotted keys by recursion; no real key has this many parts.
constexpr std::size_t most_dots_in_a_line = 5000;

std::optional<std::size_t> line_with_too_many_dots(std::string_view text) {
  std::size_t line = 1;
  std::size_t dots = 0;
  for (const char c : text) {
    dots = c == '\n' ? 0 : dots + (c == '.' ? 1 : 0);
    line += c == '\n' ? 1 : 0;
    if (dots > most_dots_in_a_line)
      return line;
  }
  return {};
}

/// The parts of `a."b c".d`; nothing where it is no key.
std::optional<std::vector<std::string>> parse_key(const std::string& key) {
  if (key.find_first_of("=#[\n") != std::string::npos || line_with_too_many_dots(key))
    return {};
  try {
    const toml::table parsed = toml::parse(key + " = 0");
    std::vector<std::string> parts;
    for (const toml::table* table = &parsed; table != nullptr && table->size() == 1;) {
      parts.emplace_back(table->begin()->first.str());
      table = table->begin()->second.as_table();
    }
    return parts;
  } catch (const toml::parse_error&) {
    return {};
  }
}

/// A table whose "v" is the value, in TOML or else as a string.
toml::table parse_value(const std::string& value) {
  if (!line_with_too_many_dots(value)) {
    try {
      toml::table parsed = toml::parse("v = " + value);
      if (parsed.size() == 1) // A line break could smuggle in a second key.
        return parsed;
    } catch (const toml::parse_error&) { // Not TOML: a string.
    }
  }
  return toml::table{{"v", value}};
}

} // namespace

std::string key_path(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

pipeline_source::pipeline_source(std::string_view text, std::string file, const std::vector<std::string>& overrides)
    : text_(text),
      file_(std::move(file)) {
  parse();
  for (const auto& override_text : overrides)
    apply(override_text);
}

void pipeline_source::parse() {
  if (const auto line = line_with_too_many_dots(text_)) {
    mistakes_.push_back({file_, *line, 0, "the line has more dots than any key needs"});
    return;
  }
  try {
    root_ = toml::parse(text_);
    parsed_ = true;
    note_keys(root_, "");
  } catch (const toml::parse_error& e) {
    const auto place = e.source().begin;
    std::string reason(e.description());
    for (auto at = reason.find('\n'); at != std::string::npos; at = reason.find('\n'))
      reason.replace(at, 1, " ");
    mistakes_.push_back({file_, place.line, place.column, "not valid TOML: " + reason});
  }
}

void pipeline_source::note_keys(const toml::table& table, const std::string& prefix) {
  for (const auto& [key, value] : table) {
    const auto path = key_path(prefix, key.str());
    keys_.insert_or_assign(path, key.source().begin);
    note_value(value, path);
  }
}

void pipeline_source::note_value(const toml::node& value, const std::string& path) {
  values_.insert_or_assign(path, value.source().begin);
  if (const auto* table = value.as_table())
    note_keys(*table, path);
  if (const auto* array = value.as_array())
    for (std::size_t i = 0; i < array->size(); ++i)
      note_value(*array->get(i), path + "[" + std::to_string(i) + "]");
}

void pipeline_source::apply(const std::string& override_text) {
  const auto equals = override_text.find('=');
  const auto key = override_text.substr(0, equals);
  const auto parts = equals == std::string::npos ? std::nullopt : parse_key(key);
  if (!parts || parts->empty()) {
    mistakes_.push_back({"--set " + override_text, 0, 0, "expected key=value, such as agent.judge.steps=20"});
    return;
  }
  std::string path;
  auto* table = &root_;
  for (std::size_t i = 0; i + 1 < parts->size(); ++i) {
    path = key_path(path, (*parts)[i]);
    auto* next = table->get((*parts)[i]);
    if (next == nullptr)
      next = &table->insert((*parts)[i], toml::table()).first->second;
    table = next->as_table();
    if (table == nullptr) {
      mistakes_.push_back({"--set " + key, 0, 0, "\"" + path + "\" is a value, not a table; nothing can be set in it"});
      return;
    }
  }
  path = key_path(path, parts->back());
  table->insert_or_assign(parts->back(), *parse_value(override_text.substr(equals + 1)).get("v"));
  override_keys_.push_back(path);
}

std::optional<std::string> pipeline_source::override_of(const std::string& path) const {
  for (const auto& key : override_keys_)
    if (path.starts_with(key) && (path.size() == key.size() || path[key.size()] == '.' || path[key.size()] == '['))
      return key;
  return {};
}

bool pipeline_source::has(const std::vector<std::string>& parts) const {
  const toml::node* node = &root_;
  for (const auto& part : parts) {
    const auto* table = node->as_table();
    node = table == nullptr ? nullptr : table->get(part);
    if (node == nullptr)
      return false;
  }
  return true;
}

std::string pipeline_source::path_of(const std::string& agent, const std::string& key) const {
  return (has({"agent", agent, key}) ? "agent." + agent : "defaults") + "." + key;
}

std::string pipeline_source::text() const {
  if (override_keys_.empty())
    return text_;
  std::ostringstream out;
  out << root_ << '\n';
  return out.str();
}

mistake pipeline_source::at(const std::string& path, std::string message) const {
  auto key = override_of(path);
  if (!key && !keys_.contains(path) && !values_.contains(path)) { // Perhaps a table that only an override made.
    const auto inside = std::find_if(override_keys_.begin(), override_keys_.end(),
                                     [&](const auto& set) { return set.starts_with(path + "."); });
    if (inside != override_keys_.end())
      key = *inside;
  }
  if (key)
    return {"--set " + *key, 0, 0, std::move(message)};
  mistake here{file_, 1, 1, std::move(message)};
  for (auto key_there = path; !key_there.empty();
       key_there.resize(std::min(key_there.find_last_of(".["), key_there.size() - 1))) {
    const auto& places = key_there.ends_with(']') ? values_ : keys_;
    if (const auto place = places.find(key_there); place != places.end() && place->second.line != 0) {
      here.line = place->second.line;
      here.column = place->second.column;
      break;
    }
  }
  return here;
}

mistake pipeline_source::in(const std::string& path, std::size_t offset, std::string message) const {
  const auto value = values_.find(path);
  if (override_of(path) || value == values_.end() || value->second.line == 0)
    return at(path, std::move(message));
  const auto [line, column] = place_in_string(text_, value->second, offset);
  return {file_, line, column, std::move(message)};
}

void pipeline_source::report(const std::string& path, std::string message) {
  mistakes_.push_back(at(path, std::move(message)));
}

void pipeline_source::report_in(const std::string& path, std::size_t offset, std::string message) {
  mistakes_.push_back(in(path, offset, std::move(message)));
}

void pipeline_source::warn_in(const std::string& path, std::size_t offset, std::string message) {
  warnings_.push_back(in(path, offset, std::move(message)));
}

std::optional<std::size_t> pipeline_source::line_in(const std::string& path, std::size_t offset) const {
  const auto line = in(path, offset, "").line;
  return line == 0 ? std::nullopt : std::optional(line);
}

std::vector<mistake> pipeline_source::sorted(std::vector<mistake> all) const {
  std::stable_partition(all.begin(), all.end(), [&](const mistake& m) { return m.file == file_; });
  sort_by_place(all);
  return all;
}

} // namespace avp
