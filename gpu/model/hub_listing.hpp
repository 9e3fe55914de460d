// Which files a repository of the hub has, and which of them make a model.
#pragma once

#include <string>
#include <vector>

#include "gpu/model/hub_manifest.hpp"
#include "gpu/model/hub_source.hpp"

namespace avp {

/// All files of a repository at a revision, with the sizes and sums that the hub gives (GET
/// HUB/api/models/REPOSITORY/tree/REVISION, page after page). Throws source_error.
[[nodiscard]] std::vector<hub_file> list_hub_files(const hub_source& source);

/// What a GGUF file of a repository is made of: itself, or all parts of a split one. Throws source_error where one is
/// not there.
[[nodiscard]] std::vector<hub_file> gguf_files(const std::vector<hub_file>& listing, const std::string& file);

/// The files of a model with safetensors beside its weights, config.json first; where the weights are in several files,
/// model.safetensors.index.json is last. Throws source_error where the repository holds no such model.
[[nodiscard]] std::vector<hub_file> text_files(const std::vector<hub_file>& listing);

/// The files of these names. Throws source_error where one is not there.
[[nodiscard]] std::vector<hub_file> files_named(const std::vector<hub_file>& listing,
                                                const std::vector<std::string>& names);

} // namespace avp
