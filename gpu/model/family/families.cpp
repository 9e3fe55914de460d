// The list of the families.
#include "gpu/model/family/families.hpp"

#include <algorithm>

#include "gpu/model/model_error.hpp"

namespace avp {

// One line here and one file for each.
family llama_family();
family mistral_family();
family qwen2_family();
family qwen3_family();
family gemma3_family();
family phi3_family();
family granite_family();
family olmo2_family();
family smollm3_family();
family exaone4_family();

const std::vector<family>& families() {
  static const std::vector<family> all{llama_family(),   mistral_family(), qwen2_family(),   qwen3_family(),
                                       gemma3_family(),  phi3_family(),    granite_family(), olmo2_family(),
                                       smollm3_family(), exaone4_family()};
  return all;
}

namespace {

const family* family_with(std::string_view family::*word, std::string_view text) {
  const auto found = std::ranges::find(families(), text, word);
  return found == families().end() ? nullptr : &*found;
}

std::string words_of_families(std::string_view family::*word) {
  std::string words;
  for (const auto& one : families())
    if (!(one.*word).empty())
      words += (words.empty() ? "" : ", ") + std::string(one.*word);
  return words;
}

} // namespace

const family* family_of_architecture(std::string_view architecture) {
  return architecture.empty() ? nullptr : family_with(&family::architecture, architecture);
}

const family* family_of_model_type(std::string_view model_type) { return family_with(&family::model_type, model_type); }

const family& family_of(const model_config& config) {
  if (const auto* found = family_of_model_type(config.family))
    return *found;
  throw model_error("there is no family \"" + config.family + "\"; these are: " + model_type_names());
}

std::string architecture_names() { return words_of_families(&family::architecture); }

std::string model_type_names() { return words_of_families(&family::model_type); }

} // namespace avp
