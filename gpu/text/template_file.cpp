// Chat templates in files of their own.
#include "gpu/text/template_file.hpp"

#include <span>

#include "gpu/model/file_kind.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/text/json_file.hpp"

namespace avp {

std::string read_template_file(const std::filesystem::path& path) {
  auto text = read_whole_file(path);
  if (const auto kind = kind_of_wrong_file(std::as_bytes(std::span(text)), file_kind::json))
    throw model_error(path.string() + ": " + *kind);
  return text;
}

} // namespace avp
