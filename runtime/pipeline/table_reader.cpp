// Reads one table of a pipeline file, with types and ranges checked: internal to the loader.
#include "runtime/pipeline/table_reader.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "runtime/pipeline/key_synonyms.hpp"
#include "runtime/text/byte_size.hpp"
#include "transport/nearest_name.hpp"

namespace avp {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i)
    result += (i == 0 ? "\"" : i + 1 == words.size() ? " or \"" : ", \"") + words[i] + "\"";
  return result;
}

std::string in_table(const std::string& path) { return path.empty() ? "at the top of the file" : "in [" + path + "]"; }

} // namespace

std::string described(const toml::node& node) {
  if (node.is_table())
    return "a table";
  if (node.is_array())
    return "a list";
  constexpr std::size_t longest = 40;
  if (const auto text = node.value<std::string>(); node.is_string() && text)
    return text->size() > longest || text->find('\n') != std::string::npos ? "a string"
                                                                           : "the string \"" + *text + "\"";
  std::ostringstream out;
  node.visit([&](const auto& value) {
    if constexpr (toml::is_value<decltype(value)>)
      out << value;
  });
  return out.str();
}

const toml::node* table_reader::find(const std::string& key) {
  known_.push_back(key);
  return table_ == nullptr ? nullptr : table_->get(key);
}

void table_reader::wrong(const std::string& key, const std::string& expected, const toml::node& found) {
  source_.report(key_path(path_, key), "\"" + key + "\" must be " + expected + ", found " + described(found));
}

std::optional<std::string> table_reader::any_text(const std::string& key) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  if (!node->is_string()) {
    wrong(key, "a string", *node);
    return {};
  }
  return node->value<std::string>();
}

std::optional<std::string> table_reader::text(const std::string& key) {
  auto value = any_text(key);
  if (value && value->empty()) {
    source_.report(key_path(path_, key), "\"" + key + "\" must not be empty");
    return {};
  }
  return value;
}

std::optional<std::int64_t> table_reader::whole(const std::string& key, std::int64_t least, std::int64_t most) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  const auto value = node->is_integer() ? node->value<std::int64_t>() : std::nullopt;
  if (!value || *value < least || *value > most) {
    const auto range = most == std::numeric_limits<std::int64_t>::max()
                           ? std::to_string(least) + " or more"
                           : std::to_string(least) + " to " + std::to_string(most);
    wrong(key, "a whole number, " + range, *node);
    return {};
  }
  return value;
}

std::optional<double> table_reader::number(const std::string& key, const std::string& expected,
                                           const std::function<bool(double)>& is_good) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  const auto value = node->is_number() ? node->value<double>() : std::nullopt;
  if (!value || !std::isfinite(*value) || !is_good(*value)) {
    wrong(key, expected, *node);
    return {};
  }
  return value;
}

std::optional<std::int64_t> table_reader::bytes(const std::string& key) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  std::optional<std::int64_t> size;
  if (node->is_integer())
    size = node->value<std::int64_t>();
  else if (node->is_string())
    size = parse_byte_size(*node->value<std::string>());
  if (!size || *size < 1) {
    wrong(key, byte_size_form(), *node);
    return {};
  }
  return size;
}

std::optional<bool> table_reader::boolean(const std::string& key) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  if (!node->is_boolean()) {
    wrong(key, "true or false", *node);
    return {};
  }
  return node->value<bool>();
}

std::optional<std::string> table_reader::word(const std::string& key, const std::vector<std::string>& words) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  auto value = node->is_string() ? node->value<std::string>() : std::nullopt;
  if (!value || std::find(words.begin(), words.end(), *value) == words.end()) {
    wrong(key, joined(words), *node);
    return {};
  }
  return value;
}

std::optional<std::vector<std::string>> table_reader::texts(const std::string& key) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong(key, "a list of strings", *node);
    return {};
  }
  std::vector<std::string> result;
  bool good = true;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto* element = array->get(i);
    if (element->is_string() && !element->value<std::string>()->empty()) {
      result.push_back(*element->value<std::string>());
      continue;
    }
    wrong(key + "[" + std::to_string(i) + "]", "a string with something in it", *element);
    good = false;
  }
  return good ? std::optional(result) : std::nullopt;
}

std::optional<std::vector<std::string>> table_reader::one_or_more(const std::string& key) {
  const auto* node = find(key);
  if (node != nullptr && node->is_array())
    return texts(key);
  const auto one = text(key);
  return one ? std::optional(std::vector{*one}) : std::nullopt;
}

std::optional<std::vector<std::int64_t>> table_reader::wholes(const std::string& key, std::int64_t least,
                                                              std::int64_t most) {
  const auto* node = find(key);
  if (node == nullptr)
    return {};
  const auto* array = node->as_array();
  if (array == nullptr) {
    wrong(key, "a list of whole numbers", *node);
    return {};
  }
  std::vector<std::int64_t> result;
  bool good = true;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const auto* element = array->get(i);
    const auto value = element->is_integer() ? element->value<std::int64_t>() : std::nullopt;
    if (value && *value >= least && *value <= most) {
      result.push_back(*value);
      continue;
    }
    wrong(key + "[" + std::to_string(i) + "]",
          "a whole number, " + std::to_string(least) + " to " + std::to_string(most), *element);
    good = false;
  }
  return good ? std::optional(result) : std::nullopt;
}

const toml::table* table_reader::table(const std::string& key) {
  const auto* node = find(key);
  if (node != nullptr && !node->is_table()) {
    wrong(key, "a table", *node);
    return nullptr;
  }
  return node == nullptr ? nullptr : node->as_table();
}

void table_reader::finish() {
  if (table_ == nullptr)
    return;
  for (const auto& [key, value] : *table_) {
    if (std::find(known_.begin(), known_.end(), key.str()) != known_.end())
      continue;
    const auto meant = key_called(key.str(), known_);
    source_.report(key_path(path_, key.str()), "unknown key \"" + std::string(key.str()) + "\" " + in_table(path_) +
                                                   (meant ? did_you_mean(*meant) : name_hint(key.str(), known_)));
  }
}

void for_each_table(table_reader& top, const std::string& group,
                    const std::function<void(const std::string&, table_reader&)>& read) {
  const auto* tables = top.table(group);
  if (tables == nullptr)
    return;
  for (const auto& [key, value] : *tables) {
    const std::string name(key.str());
    const auto path = key_path(group, name);
    if (!value.is_table()) {
      top.source().report(path, "[" + group + "] holds one table for each name, [" + group + ".NAME]; found " +
                                    described(value) + " for \"" + name + "\"");
      continue;
    }
    table_reader reader(top.source(), value.as_table(), path);
    read(name, reader);
    reader.finish();
  }
}

} // namespace avp
