// The names and shapes that the decoder reads.
#include "gpu/model/needed_weights.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "gpu/model/family/families.hpp"

namespace avp {

namespace {

using weight_shape = std::vector<std::int64_t>;

// What the decoder reads, with shapes [out, in].
std::map<std::string, weight_shape> needed_weights(const model_config& config) {
  std::map<std::string, weight_shape> needed;
  for (const auto& row : family_of(config).tensors) {
    if (row.part == weight_part::head && config.tied)
      continue;
    for (std::int64_t layer = 0; layer < (is_of_layer(row.part) ? config.num_layers : 1); ++layer) {
      needed[row.name(layer)] = row.shape(config);
      if (row.is_biased(config))
        needed[row.name(layer, ".bias")] = row.bias_shape(config);
    }
  }
  return needed;
}

// Some checkpoints store the rotary frequencies, which follow from the configuration; every other tensor of a layer
// that the decoder does not read, and every bias, would change the result.
bool changes_the_result(const std::string& name) {
  if (name.ends_with(".rotary_emb.inv_freq"))
    return false;
  return name.starts_with("model.layers.") || name.ends_with(".bias");
}

// Part of the configuration in a GGUF file, or, in one whose two matrices are one, the matrix that logits are made
// with.
bool is_read_besides(const std::string& name, const model_config& config) {
  return name == "rope_freqs.weight" || name.starts_with("rope_factors_") ||
         name == family_of(config).name_of(weight_part::head);
}

void check_vocabulary(const model_file& model, const std::string& where) {
  const auto tokens = static_cast<std::int64_t>(model.vocabulary.tokens.size());
  if (tokens > model.config.vocab_size)
    throw model_error(where + ": the tokenizer has " + std::to_string(tokens) + " tokens, the embedding only " +
                      std::to_string(model.config.vocab_size) + " rows");
}

} // namespace

std::vector<std::string> weight_mistakes(const model_file& model) {
  const auto needed = needed_weights(model.config);
  std::vector<std::string> mistakes;
  for (const auto& [name, expected] : needed) {
    const auto found = model.tensors.find(name);
    if (const auto other = model.unreadable.find(name); other != model.unreadable.end())
      mistakes.push_back(name + " is stored as " + other->second.type + ", which can't be read");
    else if (found == model.tensors.end())
      mistakes.push_back(name + " is missing");
    else if (found->second.shape != expected)
      mistakes.push_back(name + " is " + shape_text(found->second.shape) + ", expected " + shape_text(expected));
  }
  const auto refuse_others = [&](const auto& tensors) {
    for (const auto& [name, tensor] : tensors)
      if (!needed.contains(name) && changes_the_result(name))
        mistakes.push_back(name + " is not supported");
  };
  refuse_others(model.tensors);
  refuse_others(model.unreadable);
  return mistakes;
}

std::vector<std::string> unused_weights(const model_file& model) {
  const auto needed = needed_weights(model.config);
  std::vector<std::string> unused;
  const auto add = [&](const auto& tensors) {
    for (const auto& [name, tensor] : tensors)
      if (!needed.contains(name) && !changes_the_result(name) && !is_read_besides(name, model.config))
        unused.push_back(name);
  };
  add(model.tensors);
  add(model.unreadable);
  std::ranges::sort(unused);
  return unused;
}

void check_weights(const model_file& model, const std::string& where) {
  constexpr std::size_t shown = 5;
  const auto mistakes = weight_mistakes(model);
  if (mistakes.empty())
    return check_vocabulary(model, where);
  std::string text = where + ": " + std::to_string(mistakes.size()) + " of its weights don't fit a " +
                     model.config.family + " model of " + std::to_string(model.config.num_layers) + " layers: ";
  for (std::size_t i = 0; i < std::min(shown, mistakes.size()); ++i)
    text += (i > 0 ? "; " : "") + mistakes[i];
  text += mistakes.size() > shown ? "; …" : "";
  if (!model.unreadable.empty())
    text +=
        ". Weights can be F32, F16 and BF16, in GGUF files also Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL and Q2_K to Q6_K "
        "and Q8_K";
  throw model_error(text);
}

} // namespace avp
