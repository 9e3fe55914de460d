// safetensors files: header length u64, header JSON {name: {dtype, shape, data_offsets}}, data.
#include "gpu/model/safetensors.hpp"

#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "gpu/model/file_kind.hpp"
#include "gpu/model/model_error.hpp"

namespace avp {

namespace {

using nlohmann::json;

constexpr std::uint64_t longest_json = 100 << 20; // What the format's own library allows a header.
constexpr int deepest_json = 64;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw model_error(path.string() + ": " + what);
}

json parse(const std::filesystem::path& path, std::string_view text) {
  const auto bounded = [&path](int depth, json::parse_event_t, json&) {
    if (depth > deepest_json)
      fail(path, "JSON is nested more than " + std::to_string(deepest_json) + " deep");
    return true;
  };
  try {
    return json::parse(text, bounded);
  } catch (const json::exception& error) {
    const auto kind = kind_of_wrong_file(std::as_bytes(std::span(text)), file_kind::json);
    fail(path, kind.value_or(std::string("is not valid JSON: ") + error.what()));
  }
}

std::optional<tensor_type> type_of(std::string_view name) {
  if (name == "F32")
    return tensor_type::f32;
  if (name == "F16")
    return tensor_type::f16;
  if (name == "BF16")
    return tensor_type::bf16;
  return std::nullopt;
}

bool is_size(const json& value) {
  return value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
}

// Reads the entry of one tensor into one of the two maps. Those that can't be read may have any size.
void read_tensor(const std::filesystem::path& path, const std::string& name, const json& entry,
                 std::span<const std::byte> data, safetensors_content& into) {
  const auto what = "tensor \"" + name + "\"";
  const auto shape = entry.is_object() ? entry.value("shape", json()) : json();
  const auto offsets = entry.is_object() ? entry.value("data_offsets", json()) : json();
  if (!shape.is_array() || !offsets.is_array() || offsets.size() != 2 || !is_size(offsets[0]) || !is_size(offsets[1]) ||
      !entry.contains("dtype") || !entry["dtype"].is_string())
    fail(path, what + ": its entry needs dtype, shape and two data_offsets, but is " + entry.dump().substr(0, 200));
  const auto dtype = entry["dtype"].get<std::string>();
  const auto type = type_of(dtype);
  std::vector<std::int64_t> sizes;
  auto bytes = static_cast<std::uint64_t>(type ? block_bytes(*type) : 1);
  for (const auto& dimension : shape) {
    if (!is_size(dimension) || (type && bytes > 0 && dimension.get<std::uint64_t>() > data.size() / bytes))
      fail(path, what + " has an impossible shape " + shape.dump().substr(0, 200));
    sizes.push_back(dimension.get<std::int64_t>());
    bytes *= dimension.get<std::uint64_t>();
  }
  if (!type) {
    into.unreadable.emplace(name, unreadable_tensor{dtype, std::move(sizes)});
    return;
  }
  const auto begin = offsets[0].get<std::uint64_t>();
  const auto end = offsets[1].get<std::uint64_t>();
  if (begin > end || end > data.size())
    fail(path, what + " lies at bytes " + offsets.dump() + " of the data, but there are " +
                   std::to_string(data.size()) + "; is the file only part of a download?");
  if (end - begin != bytes)
    fail(path, what + " has " + std::to_string(end - begin) + " bytes, but " + dtype + " of " + shape.dump() +
                   " needs " + std::to_string(bytes));
  into.tensors.emplace(name, tensor_view{*type, std::move(sizes), data.subspan(begin, bytes)});
}

// File names only: an index must not lead out of its directory.
std::string shard_name(const std::filesystem::path& index, const json& value) {
  const auto name = value.is_string() ? value.get<std::string>() : std::string();
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos)
    fail(index, "weight_map has " + value.dump() + " where a file name was expected");
  return name;
}

} // namespace

json read_json_file(const std::filesystem::path& path) {
  const mapped_file file(path);
  if (file.bytes().size() > longest_json)
    fail(path, "has " + std::to_string(file.bytes().size()) + " bytes, more than any such JSON file");
  return parse(path, {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
}

safetensors_content read_safetensors(const mapped_file& file) {
  const auto bytes = file.bytes();
  const auto refuse = [&](const std::string& why) {
    fail(file.path(), kind_of_wrong_file(bytes, file_kind::safetensors).value_or(why));
  };
  std::uint64_t length = 0;
  if (bytes.size() < sizeof length)
    refuse("is not a safetensors file: it has only " + std::to_string(bytes.size()) + " bytes");
  std::memcpy(&length, bytes.data(), sizeof length);
  if (length < 2 || length > longest_json || length > bytes.size() - sizeof length)
    refuse("is not a safetensors file or only part of one: its header would have " + std::to_string(length) +
           " bytes, the file has " + std::to_string(bytes.size()));
  const auto header = parse(file.path(), {reinterpret_cast<const char*>(bytes.data()) + sizeof length, length});
  if (!header.is_object())
    fail(file.path(), "is not a safetensors file: its header is no JSON object");
  safetensors_content content;
  for (const auto& [name, entry] : header.items())
    if (name != "__metadata__")
      read_tensor(file.path(), name, entry, bytes.subspan(sizeof length + length), content);
  return content;
}

namespace {

// What a folder has in place of model.safetensors.
std::string instead_of_weights(const std::filesystem::path& directory) {
  std::string gguf;
  bool shards = false, pytorch = false;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto name = entry.path().filename().string();
    if (name.ends_with(".gguf") && (gguf.empty() || name < gguf))
      gguf = name;
    shards = shards || name.ends_with(".safetensors");
    pytorch = pytorch || (name.starts_with("pytorch_model") && name.ends_with(".bin"));
  }
  if (!gguf.empty())
    return "; it has a GGUF file, which is named by itself: " + (directory / gguf).string();
  if (shards)
    return "; its other safetensors files need their index, model.safetensors.index.json: download it too";
  if (pytorch)
    return "; its pytorch_model.bin can't be read: take the model's safetensors or a GGUF file";
  return "";
}

// The tensors of each file, by the index.
std::map<std::string, std::set<std::string>> read_weight_map(const std::filesystem::path& path) {
  const auto index = read_json_file(path);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
    fail(path, "has no object \"weight_map\"");
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [name, file] : index["weight_map"].items())
    shards[shard_name(path, file)].insert(name);
  return shards;
}

// The same, where all files are there.
std::map<std::string, std::set<std::string>> read_index(const std::filesystem::path& path) {
  auto shards = read_weight_map(path);
  std::string missing;
  for (const auto& [name, tensors] : shards)
    if (std::error_code error; !std::filesystem::exists(path.parent_path() / name, error))
      missing += (missing.empty() ? "" : ", ") + name;
  if (!missing.empty())
    fail(path, "lists " + std::to_string(shards.size()) + " files, of which these are missing: " + missing +
                   "; put all of them into this folder");
  return shards;
}

} // namespace

std::vector<std::string> shard_names(const std::filesystem::path& index) {
  std::vector<std::string> names;
  for (const auto& [name, tensors] : read_weight_map(index))
    names.push_back(name);
  return names;
}

safetensors_directory open_safetensors(const std::filesystem::path& directory) {
  safetensors_directory result;
  if (std::filesystem::exists(directory / "model.safetensors")) {
    result.files.push_back(std::make_shared<const mapped_file>(directory / "model.safetensors"));
    result.content = read_safetensors(*result.files.front());
    return result;
  }
  const auto index_path = directory / "model.safetensors.index.json";
  if (!std::filesystem::exists(index_path))
    fail(directory, "has neither model.safetensors nor model.safetensors.index.json" + instead_of_weights(directory));
  for (const auto& [name, expected] : read_index(index_path)) {
    result.files.push_back(std::make_shared<const mapped_file>(directory / name));
    auto content = read_safetensors(*result.files.back());
    for (const auto& tensor : expected) {
      if (auto found = content.tensors.extract(tensor))
        result.content.tensors.insert(std::move(found));
      else if (auto other = content.unreadable.extract(tensor))
        result.content.unreadable.insert(std::move(other));
      else
        fail(directory / name, "has no tensor \"" + tensor + "\", but " + index_path.filename().string() + " says so");
    }
  }
  return result;
}

} // namespace avp
