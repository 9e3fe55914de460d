// safetensors files, one or many: tensors as they lie in the files, every offset checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "gpu/model/mapped_file.hpp"
#include "gpu/model/tensor_type.hpp"

namespace avp {

/// Parses a JSON file of at most 100 MiB and 64 levels. Throws model_error with file and place of the mistake.
[[nodiscard]] nlohmann::json read_json_file(const std::filesystem::path& path);

/// What safetensors files hold; valid for as long as they are mapped.
struct safetensors_content {
  std::map<std::string, tensor_view> tensors;          ///< Those of F32, F16 and BF16.
  std::map<std::string, unreadable_tensor> unreadable; ///< All others.
};

/// The tensors of one safetensors file. Throws model_error when its header is wrong.
[[nodiscard]] safetensors_content read_safetensors(const mapped_file& file);

/// All weights of a Hugging Face directory.
struct safetensors_directory {
  std::vector<std::shared_ptr<const mapped_file>> files; ///< In name order.
  safetensors_content content;
};

/// The files that an index (model.safetensors.index.json) lists. Throws model_error.
[[nodiscard]] std::vector<std::string> shard_names(const std::filesystem::path& index);

/// Opens model.safetensors, or the files that model.safetensors.index.json lists. Throws model_error.
[[nodiscard]] safetensors_directory open_safetensors(const std::filesystem::path& directory);

} // namespace avp
