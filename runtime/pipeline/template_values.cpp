// From a record to what prompts put in.
#include "runtime/pipeline/exact_json.hpp"
#include "runtime/pipeline/input.hpp"

namespace avp {

std::map<std::string, std::string> template_values(const nlohmann::ordered_json& fields) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : fields.items())
    if (!value.is_null())
      values.emplace(name, value.is_string() ? value.get<std::string>() : exact_text(value));
  return values;
}

} // namespace avp
