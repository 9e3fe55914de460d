// hub.json: {"files": [{"path", "bytes", "sha256" or "git_blob"}, …]}.
#include "gpu/model/hub_manifest.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <system_error>

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "gpu/model/gguf_parts.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/text/json_file.hpp"
#include "transport/sha256.hpp"

namespace avp {

namespace {

namespace fs = std::filesystem;

constexpr auto manifest_name = "hub.json";

fs::path folder_of(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error) ? path : path.parent_path();
}

std::string refetch(const std::string& what) {
  return what + ", so it is truncated or altered; get it anew with avp-model fetch, or take " + manifest_name +
         " out of its folder if it is to be as it is";
}

std::optional<std::string> size_mistake(const hub_file& file, const fs::path& path) {
  std::error_code error;
  const auto bytes = fs::file_size(path, error);
  if (error)
    return path.string() + ": is not there (" + error.message() + "); get it with avp-model fetch";
  if (bytes != file.bytes)
    return refetch(path.string() + ": has " + std::to_string(bytes) + " bytes where the hub has " +
                   std::to_string(file.bytes));
  return std::nullopt;
}

struct digest_cleanup {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

} // namespace

std::string git_blob_of(const mapped_file& file) {
  const auto header = "blob " + std::to_string(file.bytes().size());
  const std::unique_ptr<EVP_MD_CTX, digest_cleanup> context(EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), header.c_str(), header.size() + 1) != 1 ||
      EVP_DigestUpdate(context.get(), file.bytes().data(), file.bytes().size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), sum.data(), &size) != 1)
    throw model_error(file.path().string() + ": OpenSSL can't make a SHA-1 sum of it");
  std::string text;
  for (unsigned i = 0; i < size; ++i) {
    std::array<char, 3> byte{};
    std::snprintf(byte.data(), byte.size(), "%02x", sum[i]);
    text += byte.data();
  }
  return text;
}

std::vector<hub_file> read_hub_manifest(const fs::path& folder) {
  std::vector<hub_file> files;
  if (const auto path = folder / manifest_name; is_there(path))
    with_json(path, [&](const nlohmann::json& object) {
      for (const auto& entry : object.at("files"))
        files.push_back({entry.at("path").get<std::string>(), entry.at("bytes").get<std::uint64_t>(),
                         entry.value("sha256", ""), entry.value("git_blob", "")});
    });
  return files;
}

std::string hub_manifest_text(const std::vector<hub_file>& files) {
  auto entries = nlohmann::ordered_json::array();
  for (const auto& file : files) {
    nlohmann::ordered_json entry{{"path", file.path}, {"bytes", file.bytes}};
    if (file.sha256.empty())
      entry["git_blob"] = file.git_blob;
    else
      entry["sha256"] = file.sha256;
    entries.push_back(std::move(entry));
  }
  return nlohmann::ordered_json{{"files", entries}}.dump(1) + "\n";
}

std::vector<hub_file> hub_files_of(const fs::path& path) {
  auto files = read_hub_manifest(folder_of(path));
  std::error_code error;
  const bool is_directory = fs::is_directory(path, error);
  const auto parts = names_of_parts(path.filename().string());
  std::erase_if(files, [&](const hub_file& file) {
    return is_directory ? file.path.ends_with(".gguf") : std::ranges::find(parts, file.path) == parts.end();
  });
  return files;
}

bool hub_files_are_here(const fs::path& path) {
  const auto files = hub_files_of(path);
  return !files.empty() &&
         std::ranges::all_of(files, [&](const auto& file) { return is_there(folder_of(path) / file.path); });
}

std::string mistake_in(const hub_file& file, const fs::path& folder, const std::string& sha256) {
  const auto path = folder / file.path;
  if (auto mistake = size_mistake(file, path))
    return *std::move(mistake);
  const bool has_sha256 = !file.sha256.empty();
  auto found = sha256;
  if (!has_sha256 || found.empty()) {
    const mapped_file content(path);
    const auto bytes = content.bytes();
    found = has_sha256 ? sha256_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()}) : git_blob_of(content);
  }
  const auto& expected = has_sha256 ? file.sha256 : file.git_blob;
  return found == expected ? ""
                           : refetch(path.string() + ": has the " + (has_sha256 ? "SHA-256 " : "git blob ") + found +
                                     " where the hub has " + expected);
}

std::vector<std::string> hub_mistakes(const fs::path& path) {
  std::vector<std::string> mistakes;
  for (const auto& file : hub_files_of(path))
    if (auto mistake = mistake_in(file, folder_of(path)); !mistake.empty())
      mistakes.push_back(std::move(mistake));
  return mistakes;
}

void check_hub_sizes(const fs::path& path) {
  for (const auto& file : hub_files_of(path))
    if (const auto mistake = size_mistake(file, folder_of(path) / file.path))
      throw model_error(*mistake);
}

void check_hub_sums(const fs::path& path, const std::map<std::string, std::string>& sha256) {
  for (const auto& file : hub_files_of(path)) {
    const auto known = sha256.find(file.path);
    const auto mistake = mistake_in(file, folder_of(path), known == sha256.end() ? "" : known->second);
    if (!mistake.empty())
      throw model_error(mistake);
  }
}

} // namespace avp
