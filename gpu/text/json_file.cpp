// Reading the JSON files of a Hugging Face directory.
#include "gpu/text/json_file.hpp"

#include <array>
#include <fstream>
#include <span>
#include <system_error>

#include "gpu/model/file_kind.hpp"
#include "gpu/model/model_error.hpp"

namespace avp {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// The real files nest some six deep; nlohmann's copying and dumping recurse.
constexpr int deepest = 64;

} // namespace

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

std::string read_whole_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> part{};
  while (file.read(part.data(), part.size()) || file.gcount() > 0)
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad())
    throw model_error(path.string() + ": can't be read");
  return text;
}

void with_json(const fs::path& path, const std::function<void(const json&)>& read) {
  with_json(read_whole_file(path), path, read);
}

void with_json(const std::string& text, const fs::path& path, const std::function<void(const json&)>& read) {
  try {
    const json object = json::parse(text, [&](int depth, json::parse_event_t, json&) {
      if (depth > deepest)
        throw model_error(path.string() + ": nests deeper than " + std::to_string(deepest) + " levels");
      return true;
    });
    if (!object.is_object())
      throw model_error(path.string() + ": should hold a JSON object, but holds a JSON " + object.type_name());
    read(object);
  } catch (const json::exception& error) {
    const auto kind = kind_of_wrong_file(std::as_bytes(std::span(text)), file_kind::json);
    throw model_error(path.string() + ": " +
                      kind.value_or(std::string("is damaged or not a file of that kind: ") + error.what()));
  }
}

const json& get(const json& object, const char* key) {
  static const json null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

bool get_flag(const json& object, const char* key, bool otherwise) {
  const json& value = get(object, key);
  return value.is_null() ? otherwise : value.get<bool>();
}

std::string shown(const json& part) { return part.dump(-1, ' ', true).substr(0, 300); }

std::string type_of(const json& part) {
  return part.is_object() && get(part, "type").is_string() ? get(part, "type").get<std::string>() : shown(part);
}

} // namespace avp
