// safetensors files, one or many: tensors as they lie in the files, every offset checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <avp/gpu/model/mapped_file.hpp>
#include <avp/gpu/model/tensor_type.hpp>

namespace avp {

/// Parses a JSON file of at most 100 MiB and 64 levels. Throws model_error with file and place of the mistake.
[[nodiscard]] nlohmann::json read_json_file(const std::filesystem::path& path);

/// The tensors of one safetensors file. Throws model_error when its header is wrong or a type is not F32, F16 or BF16.
[[nodiscard]] std::map<std::string, tensor_view> read_safetensors(const mapped_file& file);

/// All weights of a Hugging Face directory.
struct safetensors_directory {
  std::vector<std::shared_ptr<const mapped_file>> files; ///< In name order.
  std::map<std::string, tensor_view> tensors;            ///< Valid for as long as `files` live.
};

/// Opens model.safetensors, or the files that model.safetensors.index.json lists. Throws model_error.
[[nodiscard]] safetensors_directory open_safetensors(const std::filesystem::path& directory);

} // namespace avp
