// Opening a model of either kind.
#include "gpu/model/open_model.hpp"

#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/model/config_json.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/generation_config.hpp"
#include "gpu/model/gguf_model.hpp"
#include "gpu/model/hub_manifest.hpp"
#include "gpu/model/needed_weights.hpp"
#include "gpu/model/safetensors.hpp"
#include "gpu/model/text_part.hpp"
#include "gpu/text/tokenizer_json.hpp"
#include "transport/handshake/hash.hpp"

namespace avp {

namespace {

model_file read_hugging_face_model(const std::filesystem::path& directory) {
  const auto config_path = directory / "config.json";
  if (!std::filesystem::exists(config_path))
    throw model_error(directory.string() + ": this directory has no config.json, so it is no Hugging Face model");
  const auto config = read_json_file(config_path);
  model_file model;
  model.config = text_config_from_json(config, config_path.string());
  if (model.config.name.empty())
    model.config.name = std::filesystem::absolute(directory / "").parent_path().filename().string();
  model.norms_add_one = family_of(model.config).norms_add_one;
  model.model_hash = avp::model_hash(config.dump()).value();
  model.vocabulary = read_tokenizer_json(directory);
  model.sampling = read_generation_config(directory);
  auto weights = open_safetensors(directory);
  model.files = std::move(weights.files);
  model.tensors = std::move(weights.content.tensors);
  model.unreadable = std::move(weights.content.unreadable);
  if (text_config_of(config) != nullptr) {
    keep_text(model.tensors);
    keep_text(model.unreadable);
  }
  if (model.config.tied) { // transformers, too, takes the embedding in its place.
    const auto head = family_of(model.config).name_of(weight_part::head);
    model.tensors.erase(head);
    model.unreadable.erase(head);
  }
  return model;
}

std::string_view text_of(const mapped_file& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

// Of one file its digest, of several that of their digests.
std::string digest_of(const std::vector<std::string>& digests) {
  if (digests.size() == 1)
    return digests.front();
  std::string all;
  for (const auto& digest : digests)
    all += digest;
  return sha256_hex(all);
}

} // namespace

model_file read_model(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    throw model_error(path.string() + ": there is no such file or directory");
  try {
    return std::filesystem::is_directory(status) ? read_hugging_face_model(path) : read_gguf_model(path);
  } catch (const std::filesystem::filesystem_error& failed) { // a folder that may not be looked into
    throw model_error(path.string() + ": can't be read: " + failed.code().message());
  }
}

model_file open_model(const std::filesystem::path& path) {
  check_hub_sizes(path);
  auto model = read_model(path);
  check_weights(model, path.string());
  std::vector<std::string> digests;
  std::map<std::string, std::string> by_name;
  for (const auto& file : model.files)
    by_name[file->path().filename().string()] = digests.emplace_back(sha256_hex(text_of(*file)));
  check_hub_sums(path, by_name);
  model.weights_digest = digest_of(digests);
  return model;
}

} // namespace avp
