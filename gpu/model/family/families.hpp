// The families of models that this library runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gpu/model/family/family.hpp"

namespace avp {

/// All of them; each is made in the file of its name.
[[nodiscard]] const std::vector<family>& families();

/// The family of GGUF files of this "general.architecture", or null.
[[nodiscard]] const family* family_of_architecture(std::string_view architecture);

/// The family of a config.json of this "model_type", or null.
[[nodiscard]] const family* family_of_model_type(std::string_view model_type);

/// The family of a configuration. Throws model_error where it names none.
[[nodiscard]] const family& family_of(const model_config& config);

/// "llama, qwen2", for messages: what files of the one kind or of the other call the families.
[[nodiscard]] std::string architecture_names();
[[nodiscard]] std::string model_type_names();

} // namespace avp
