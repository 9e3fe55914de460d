// generation_config.json of transformers.
#include "gpu/model/generation_config.hpp"

#include <optional>
#include <string>

#include "gpu/model/model_error.hpp"
#include "gpu/text/json_file.hpp"

namespace avp {

namespace {

using nlohmann::json;

/// Reads keys of one file.
class generation_reader {
public:
  generation_reader(const json& object, std::string where) : object_(object), where_(std::move(where)) {}

  std::optional<float> number(const char* key, double least, double most, const char* expected) const {
    const json& value = get(object_, key);
    if (value.is_null())
      return std::nullopt;
    if (!value.is_number() || !(value.get<double>() >= least && value.get<double>() <= most))
      throw model_error(where_ + ": \"" + key + "\" is " + shown(value) + ", expected " + expected);
    return value.get<float>();
  }

  std::optional<int> whole(const char* key) const {
    const json& value = get(object_, key);
    if (value.is_null())
      return std::nullopt;
    if (!value.is_number_integer() || value < 0 || value > most_choices)
      throw model_error(where_ + ": \"" + key + "\" is " + shown(value) + ", expected a whole number, 0 or more");
    return value.get<int>();
  }

private:
  static constexpr int most_choices = 1 << 30;

  const json& object_;
  std::string where_;
};

} // namespace

said_sampling read_generation_config(const std::filesystem::path& path) {
  said_sampling said;
  const auto file = path / "generation_config.json";
  if (!is_there(file))
    return said;
  with_json(file, [&](const json& object) {
    constexpr double most = 1e9, tiny = 1e-9;
    const generation_reader keys(object, file.string());
    said.temperature = keys.number("temperature", 0, most, "a number, 0 or more");
    said.top_p = keys.number("top_p", tiny, 1, "a number above 0, at most 1");
    said.top_k = keys.whole("top_k");
    said.min_p = keys.number("min_p", 0, 1, "a number from 0 to 1");
    said.repetition_penalty = keys.number("repetition_penalty", tiny, most, "a number above 0");
    if (!get_flag(object, "do_sample", true))
      said.temperature = 0.0F;
  });
  return said;
}

} // namespace avp
