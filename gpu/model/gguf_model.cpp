// What a GGUF file means: configuration and weights under their Hugging Face names.
#include "gpu/model/gguf_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "gpu/model/config_json.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/gguf_parts.hpp"
#include "transport/handshake/hash.hpp"

namespace avp {

namespace {

/// The keys "ARCHITECTURE.…" of one file.
class architecture_keys {
public:
  architecture_keys(const gguf_file& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  [[nodiscard]] std::string key(std::string_view name) const { return prefix_ + "." + std::string(name); }

  [[nodiscard]] std::int64_t required(std::string_view name) const {
    if (const auto value = file_.integer(key(name)))
      return *value;
    throw model_error(file_.where() + ": metadata \"" + key(name) + "\" is missing");
  }

  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t otherwise) const {
    return file_.integer(key(name)).value_or(otherwise);
  }

  [[nodiscard]] double number(std::string_view name, double otherwise) const {
    return file_.number(key(name)).value_or(otherwise);
  }

  /// Refuses a file in which `name` is there with another value than `expected`.
  void must_be(std::string_view name, std::int64_t expected, std::string_view meaning) const {
    if (const auto value = integer(name, expected); value != expected)
      refuse(name, std::to_string(value), meaning);
  }

  [[noreturn]] void refuse(std::string_view name, const std::string& value, std::string_view meaning) const {
    throw model_error(file_.where() + ": metadata \"" + key(name) + "\" is " + value + ": " + std::string(meaning));
  }

private:
  const gguf_file& file_;
  std::string prefix_;
};

void refuse_unsupported(const gguf_file& file, const architecture_keys& keys, const model_config& config) {
  keys.must_be("attention.value_length", config.head_dim, "values and keys of different sizes are not supported");
  keys.must_be("rope.dimension_count", config.head_dim, "rotary embedding of a part of each head is not supported");
  keys.must_be("expert_count", 0, "mixtures of experts are not supported");
  keys.must_be("attention.sliding_window", 0, "sliding-window attention is not supported");
  if (!file.boolean(keys.key("attention.causal")).value_or(true))
    keys.refuse("attention.causal", "false", "only causal attention is supported");
}

// Keys behind "rope.scaling." that llama.cpp writes; those of yarn alone mean nothing without it.
constexpr std::array<std::string_view, 10> scaling_keys{"type",
                                                        "factor",
                                                        "attn_factor",
                                                        "original_context_length",
                                                        "finetuned",
                                                        "yarn_log_multiplier",
                                                        "yarn_ext_factor",
                                                        "yarn_attn_factor",
                                                        "yarn_beta_fast",
                                                        "yarn_beta_slow"};

// By what all frequencies are divided. As llama.cpp reads it (llama_model_base::load_hparams): the type is "linear"
// where none is said, a factor of 0 says nothing, and rope.scale_linear is the factor's older name.
double linear_scaling(const gguf_file& file, const architecture_keys& keys) {
  const auto prefix = keys.key("rope.scaling.");
  for (const auto& [key, value] : file.metadata())
    if (key.starts_with(prefix) && std::ranges::find(scaling_keys, key.substr(prefix.size())) == scaling_keys.end())
      throw model_error(file.where() + ": metadata \"" + key + "\" is not known, so rotary embedding would be wrong");
  if (const auto factor = keys.number("rope.scaling.attn_factor", 1); factor != 1)
    keys.refuse("rope.scaling.attn_factor", std::to_string(factor), "only 1 is supported");
  const auto type = file.string(keys.key("rope.scaling.type")).value_or("linear");
  if (type == "none")
    return 1;
  if (type != "linear")
    keys.refuse("rope.scaling.type", "\"" + std::string(type) + "\"",
                "only none, linear and Llama 3's scaling (rope_freqs.weight) are supported");
  const std::string_view name =
      file.metadata().contains(keys.key("rope.scaling.factor")) ? "rope.scaling.factor" : "rope.scale_linear";
  const auto factor = keys.number(name, 1);
  if (!(factor >= 0 && std::isfinite(factor)))
    keys.refuse(name, std::to_string(factor), "expected a positive number");
  return factor == 0 ? 1 : factor;
}

// One divisor for each rotated pair, precomputed by the converter for Llama 3's scaling.
std::vector<float> read_rope_factors(const gguf_parts& parts, const model_config& config) {
  constexpr auto name = "rope_freqs.weight";
  const auto found = parts.tensors().find(name);
  if (found == parts.tensors().end() && !parts.unreadable().contains(name))
    return {};
  if (found == parts.tensors().end() || found->second.type != tensor_type::f32 ||
      found->second.shape != std::vector<std::int64_t>{config.head_dim / 2})
    throw model_error(parts.first().where() + ": rope_freqs.weight is not F32 of [" +
                      std::to_string(config.head_dim / 2) + "]");
  std::vector<float> factors(static_cast<std::size_t>(config.head_dim / 2));
  dequantize(tensor_type::f32, found->second.data.data(), factors);
  if (!std::ranges::all_of(factors, [](float factor) { return std::isfinite(factor) && factor > 0; }))
    throw model_error(parts.first().where() + ": rope_freqs.weight has a factor that is not a positive number");
  return factors;
}

// Both kinds of scaling together, as llama.cpp applies them.
std::vector<float> rope_factors_of(const gguf_parts& parts, const architecture_keys& keys, const model_config& config) {
  auto factors = read_rope_factors(parts, config);
  const auto linear = linear_scaling(parts.first(), keys);
  if (linear != 1 && factors.empty())
    factors.assign(static_cast<std::size_t>(config.head_dim / 2), 1.0F);
  for (auto& factor : factors)
    factor = static_cast<float>(factor * linear);
  return factors;
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

model_config read_config(const gguf_parts& parts) {
  const auto& file = parts.first();
  const auto architecture = file.string("general.architecture");
  if (!architecture)
    throw model_error(file.where() + ": metadata \"general.architecture\" is missing");
  const auto* const found = family_of_architecture(*architecture);
  if (found == nullptr)
    throw model_error(file.where() + ": architecture \"" + std::string(*architecture) +
                      "\" is not supported; these are: " + architecture_names());
  const architecture_keys keys(file, std::string(*architecture));
  model_config config;
  config.family = found->model_type;
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
  config.rope_theta = keys.number("rope.freq_base", config.rope_theta);
  config.vocab_size = rows_of_embedding(parts, *found);
  check_config(config, file.where());
  refuse_unsupported(file, keys, config);
  config.rope_factors = rope_factors_of(parts, keys, config);
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
