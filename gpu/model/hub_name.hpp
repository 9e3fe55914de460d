// Models of the Hugging Face hub by name: hf:OWNER/NAME[/FILE.gguf][@REVISION].
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "gpu/model/hub_source.hpp"

namespace avp {

/// Whether a source is meant as a name of the hub: it begins with "hf:".
[[nodiscard]] bool is_hub_name(std::string_view source);

/// Its parts; without a file the whole repository is meant, without a revision "main". Throws model_error when it has
/// not that form.
[[nodiscard]] hub_source parse_hub_name(std::string_view name);

/// Where it lies in a model folder: FOLDER/hf/OWNER/NAME@REVISION, and the file in there.
[[nodiscard]] std::filesystem::path hub_path(const std::filesystem::path& folder, const hub_source& source);

/// Where what a name stands for lies in a model folder. Throws model_error where it is not there, saying how to get it.
[[nodiscard]] std::filesystem::path resolve_hub_name(const std::filesystem::path& folder, std::string_view name);

/// Whether it was fetched into a model folder, all of it. Throws model_error when the name has not the right form.
[[nodiscard]] bool hub_model_is_here(const std::filesystem::path& folder, std::string_view name);

} // namespace avp
