// Opening a model: a GGUF file or a Hugging Face directory.
#pragma once

#include <filesystem>

#include "gpu/model/model_file.hpp"

namespace avp {

/// Opens a `.gguf` file (of a model that is split, any of its parts) or a directory with config.json, tokenizer.json
/// and safetensors, and reads all of it once for the digest (about 0.7 s per GB). Throws model_error; weights that are
/// missing, of a wrong shape or of a type that can't be read are all counted in one. Files that came from the hub must
/// be as it has them (hub_manifest.hpp).
[[nodiscard]] model_file open_model(const std::filesystem::path& path);

/// The same without a digest and without a look at whether the weights are those that are needed.
[[nodiscard]] model_file read_model(const std::filesystem::path& path);

} // namespace avp
