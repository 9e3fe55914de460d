// What a GGUF file means: configuration and weights under their Hugging Face names.
#include "gpu/model/gguf_model.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "gpu/model/architecture_keys.hpp"
#include "gpu/model/config_json.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/gguf_parts.hpp"
#include "gpu/model/rope_gguf.hpp"
#include "transport/handshake/hash.hpp"

namespace avp {

namespace {

void refuse_unsupported(const architecture_keys& keys, const model_config& config) {
  keys.must_be("attention.value_length", config.head_dim, "values and keys of different sizes are not supported");
  keys.must_be("expert_count", 0, "mixtures of experts are not supported");
  if (config.windowed.empty())
    keys.must_be("attention.sliding_window", 0,
                 "sliding-window attention is not supported for " + config.family + " models");
  if (!keys.file().boolean(keys.key("attention.causal")).value_or(true))
    keys.refuse("attention.causal", "false", "only causal attention is supported");
}

// A GGUF says that it has biases by having them.
void find_biases(const architecture_keys& keys, const family& its_family, model_config& config) {
  if (!its_family.optional_biases)
    return;
  const auto has_bias = [&](weight_part part) {
    return keys.has_tensor(its_family.rows_of(part).front().gguf_name(0, ".bias"));
  };
  config.qkv_bias = has_bias(weight_part::qkv);
  config.output_bias = has_bias(weight_part::attention_output);
  config.feed_forward_bias = has_bias(weight_part::gate_up);
}

// Rows of the embedding, of whatever type.
std::int64_t rows_of_embedding(const gguf_parts& parts, const family& its_family) {
  const auto name = its_family.rows_of(weight_part::embedding).front().gguf_name(0);
  if (const auto found = parts.tensors().find(name); found != parts.tensors().end())
    return found->second.shape.front();
  if (const auto found = parts.unreadable().find(name); found != parts.unreadable().end())
    return found->second.shape.front();
  throw model_error(parts.first().where() + ": tensor \"" + name + "\" is missing");
}

const family& family_in(const gguf_file& file, std::string_view architecture) {
  if (const auto* found = family_of_architecture(architecture))
    return *found;
  const auto experts = std::string(architecture) + ".expert_count";
  if (file.integer(experts).value_or(0) > 0)
    throw model_error(file.where() + ": architecture \"" + std::string(architecture) +
                      "\" is a mixture of experts (metadata \"" + experts +
                      "\"); mixtures of experts are not supported");
  throw model_error(file.where() + ": architecture \"" + std::string(architecture) +
                    "\" is not supported; these are: " + architecture_names());
}

model_config read_config(const gguf_parts& parts) {
  const auto& file = parts.first();
  const auto architecture = file.string("general.architecture");
  if (!architecture)
    throw model_error(file.where() + ": metadata \"general.architecture\" is missing");
  const auto& its_family = family_in(file, *architecture);
  const architecture_keys keys(parts, std::string(*architecture));
  auto config = its_family.defaults;
  config.family = its_family.model_type;
  config.name = file.string("general.name").value_or(file.file()->path().stem().string());
  config.num_layers = keys.required("block_count");
  config.hidden_size = keys.required("embedding_length");
  config.intermediate_size = keys.required("feed_forward_length");
  config.num_heads = keys.required("attention.head_count");
  config.num_kv_heads = keys.integer("attention.head_count_kv", config.num_heads);
  config.head_dim =
      keys.integer("attention.key_length", config.num_heads > 0 ? config.hidden_size / config.num_heads : 0);
  config.max_positions = keys.required("context_length");
  config.rms_norm_eps = keys.number("attention.layer_norm_rms_epsilon", config.rms_norm_eps);
  config.vocab_size = rows_of_embedding(parts, its_family);
  check_config(config, file.where());
  find_biases(keys, its_family, config);
  if (its_family.read_gguf != nullptr)
    its_family.read_gguf(keys, config);
  refuse_unsupported(keys, config);
  read_rope(keys, config);
  check_config(config, file.where());
  return config;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double dot = 0;
  double a_square = 0;
  double b_square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<double>(a[i]) * b[i];
    a_square += static_cast<double>(a[i]) * a[i];
    b_square += static_cast<double>(b[i]) * b[i];
  }
  return a_square > 0 && b_square > 0 ? dot / std::sqrt(a_square * b_square) : 0;
}

// A converter may store one matrix twice, for input and output, in two formats: the rows then point the same way.
// Rows of different matrices have cosines near 0. A sample of rows spread evenly is enough.
bool is_one_matrix(const tensor_view& input, const tensor_view& output) {
  if (input.shape != output.shape || input.shape.size() != 2 || input.data.empty())
    return false;
  constexpr std::int64_t most_rows = 512;
  const auto rows = input.shape[0];
  const auto sample = std::min(rows, most_rows);
  const auto columns = static_cast<std::size_t>(input.shape[1]);
  std::vector<float> in(columns);
  std::vector<float> out(columns);
  double sum = 0;
  for (std::int64_t i = 0; i < sample; ++i) {
    const auto row = static_cast<std::size_t>(i * rows / sample);
    dequantize(input.type, input.data.data() + row * (input.data.size() / static_cast<std::size_t>(rows)), in);
    dequantize(output.type, output.data.data() + row * (output.data.size() / static_cast<std::size_t>(rows)), out);
    sum += cosine(in, out);
  }
  return sum / static_cast<double>(sample) > 0.9;
}

// A second matrix of a type that can't be read is taken for another one, and so as missing.
bool is_tied(const model_file& model, const family& its_family) {
  const auto head = its_family.name_of(weight_part::head);
  const auto input = model.tensors.find(its_family.name_of(weight_part::embedding)), output = model.tensors.find(head);
  if (output == model.tensors.end())
    return !model.unreadable.contains(head);
  return input != model.tensors.end() && is_one_matrix(input->second, output->second);
}

} // namespace

model_file read_gguf_model(const std::filesystem::path& path) {
  const gguf_parts parts(path);
  model_file model;
  model.config = read_config(parts);
  const auto& its_family = family_of(model.config);
  model.vocabulary = read_gguf_vocabulary(parts.first());
  const auto rename = [&](const auto& tensors, auto& into) {
    for (const auto& [name, tensor] : tensors) {
      auto renamed = its_family.renamed(name);
      if (model.tensors.contains(renamed) || !into.emplace(std::move(renamed), tensor).second)
        throw model_error(parts.first().where() + ": tensor \"" + name + "\" is there twice under different names");
    }
  };
  rename(parts.tensors(), model.tensors);
  rename(parts.unreadable(), model.unreadable);
  model.config.tied = is_tied(model, its_family);
  model.interleaved_rope = its_family.interleaved_in_gguf;
  model.model_hash = avp::model_hash(config_json(model.config).dump()).value();
  model.files = parts.mapped();
  return model;
}

} // namespace avp
