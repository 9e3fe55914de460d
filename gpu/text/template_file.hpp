// Chat templates in files of their own.
#pragma once

#include <filesystem>
#include <string>

namespace avp {

/// The text of a file with a chat template. Throws model_error when it can't be read or is something else.
[[nodiscard]] std::string read_template_file(const std::filesystem::path& path);

} // namespace avp
