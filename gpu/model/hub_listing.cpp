// The hub's tree of files: a JSON array of {"type": "file", "path", "size", "oid", "lfs": {"oid", "size"}}.
#include "gpu/model/hub_listing.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "gpu/model/gguf_parts.hpp"
#include "gpu/model/hub_download.hpp"
#include "transport/ascii.hpp"
#include "transport/nearest_name.hpp"

namespace avp {

namespace {

using nlohmann::json;

constexpr std::size_t most_pages = 1000;
constexpr std::size_t sha1_digits = 40;
constexpr std::size_t sha256_digits = 64;

constexpr std::string_view index_name = "model.safetensors.index.json";

/// What a model may have beside its weights.
constexpr std::array<std::string_view, 7> text_names{
    "config.json",     "generation_config.json", "tokenizer_config.json", "tokenizer.json",
    "tokenizer.model", "chat_template.jinja",    "chat_template.json"};

std::string checked_sum(std::string sum, std::size_t digits) {
  constexpr std::string_view prefix = "sha256:"; // as pointers of Git LFS write it
  if (sum.starts_with(prefix))
    sum.erase(0, prefix.size());
  const bool is_hex = std::ranges::all_of(sum, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
  if (sum.size() != digits || !is_hex)
    throw source_error("its list of files has the sum \"" + sum.substr(0, 100) + "\", expected " +
                       std::to_string(digits) + " hexadecimal digits");
  return sum;
}

hub_file read_file(const json& entry) {
  hub_file file{.path = entry.at("path").get<std::string>(), .bytes = 0, .sha256 = "", .git_blob = ""};
  const auto lfs = entry.find("lfs");
  const bool is_large = lfs != entry.end() && !lfs->is_null();
  const json& about = is_large ? *lfs : entry;
  file.bytes = about.at("size").get<std::uint64_t>();
  auto& sum = is_large ? file.sha256 : file.git_blob;
  sum = checked_sum(about.at("oid").get<std::string>(), is_large ? sha256_digits : sha1_digits);
  return file;
}

// Returns the query of the next page, empty behind the last one. Mirrors repeat the hub's own address in front of it.
std::string read_page(const std::string& url, std::vector<hub_file>& files) {
  const auto page = read_from_hub(url);
  try {
    for (const auto& entry : json::parse(page.text))
      if (entry.at("type") == "file")
        files.push_back(read_file(entry));
  } catch (const json::exception& error) {
    throw source_error(std::string("its list of files can't be read: ") + error.what());
  }
  return page.next.substr(std::min(page.next.find('?'), page.next.size()));
}

const hub_file* find(const std::vector<hub_file>& listing, std::string_view path) {
  const auto found = std::ranges::find(listing, path, &hub_file::path);
  return found == listing.end() ? nullptr : &*found;
}

std::vector<std::string> ggufs_in(const std::vector<hub_file>& listing) {
  std::vector<std::string> names;
  for (const auto& file : listing)
    if (file.path.ends_with(".gguf"))
      names.push_back(file.path);
  return names;
}

// Where a repository has GGUF files in place of what was looked for.
std::string with_ggufs(const std::vector<hub_file>& listing) {
  std::string names;
  for (const auto& name : ggufs_in(listing))
    names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "" : "; name one of its GGUF files behind that of the repository: " + names;
}

bool is_further_template(const std::string& path) {
  constexpr std::string_view folder = "additional_chat_templates/";
  return path.starts_with(folder) && path.ends_with(".jinja") && path.find('/', folder.size()) == std::string::npos;
}

} // namespace

std::vector<hub_file> list_hub_files(const hub_source& source) {
  std::vector<hub_file> files;
  const auto tree = hub_address() + "/api/models/" + source.repository + "/tree/" + percent_encoded(source.revision);
  std::string query = "?recursive=true";
  for (std::size_t page = 0; !query.empty(); ++page) {
    if (page == most_pages)
      throw source_error("its list of files does not end");
    query = read_page(tree + query, files);
  }
  return files;
}

std::vector<hub_file> gguf_files(const std::vector<hub_file>& listing, const std::string& file) {
  if (find(listing, file) == nullptr)
    throw source_error("the repository has no file " + file + name_hint(file, ggufs_in(listing)));
  const std::filesystem::path path(file);
  std::vector<std::string> names;
  for (const auto& name : names_of_parts(path.filename().string()))
    names.push_back((path.parent_path() / name).string());
  return files_named(listing, names);
}

std::vector<hub_file> text_files(const std::vector<hub_file>& listing) {
  std::vector<hub_file> files;
  for (const auto name : text_names)
    if (const auto* file = find(listing, name))
      files.push_back(*file);
  if (find(listing, "config.json") == nullptr)
    throw source_error("the repository has no config.json, so it holds no Hugging Face model" + with_ggufs(listing));
  if (find(listing, "tokenizer.json") == nullptr && find(listing, "tokenizer.model") == nullptr)
    throw source_error("the repository has neither tokenizer.json nor tokenizer.model" + with_ggufs(listing));
  std::ranges::copy_if(listing, std::back_inserter(files), is_further_template, &hub_file::path);
  if (find(listing, "model.safetensors") != nullptr)
    return files;
  const auto* index = find(listing, index_name);
  if (index == nullptr)
    throw source_error("the repository has neither model.safetensors nor " + std::string(index_name) +
                       with_ggufs(listing));
  files.push_back(*index);
  return files;
}

std::vector<hub_file> files_named(const std::vector<hub_file>& listing, const std::vector<std::string>& names) {
  std::vector<hub_file> files;
  for (const auto& name : names) {
    const auto* file = find(listing, name);
    if (file == nullptr)
      throw source_error("the repository has no file " + name);
    files.push_back(*file);
  }
  return files;
}

} // namespace avp
