// What a GGUF file means: configuration and weights under their Hugging Face names.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <avp/gpu/model/config_json.hpp>
#include <avp/gpu/model/gguf_model.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace avp {

namespace {

using renaming = std::pair<std::string_view, std::string_view>;

constexpr std::array<renaming, 4> model_names{{{"token_embd.weight", "model.embed_tokens.weight"},
                                               {"output_norm.weight", "model.norm.weight"},
                                               {"output.weight", "lm_head.weight"},
                                               {"output.bias", "lm_head.bias"}}};

// Behind "blk.N." and "model.layers.N.", without ".weight" and ".bias".
constexpr std::array<renaming, 9> layer_names{{{"attn_norm", "input_layernorm"},
                                               {"attn_q", "self_attn.q_proj"},
                                               {"attn_k", "self_attn.k_proj"},
                                               {"attn_v", "self_attn.v_proj"},
                                               {"attn_output", "self_attn.o_proj"},
                                               {"ffn_norm", "post_attention_layernorm"},
                                               {"ffn_gate", "mlp.gate_proj"},
                                               {"ffn_up", "mlp.up_proj"},
                                               {"ffn_down", "mlp.down_proj"}}};

// Names that mean nothing here keep their end, so that open_model can name them.
std::string hugging_face_name(const std::string& name) {
  if (const auto* found = std::ranges::find(model_names, name, &renaming::first); found != model_names.end())
    return std::string(found->second);
  constexpr std::string_view prefix = "blk.";
  const auto layer_end = name.find('.', prefix.size());
  if (!name.starts_with(prefix) || layer_end == std::string::npos)
    return name;
  const auto layer = "model.layers." + name.substr(prefix.size(), layer_end - prefix.size()) + ".";
  const auto dot = name.rfind('.');
  const auto part = dot > layer_end ? name.substr(layer_end + 1, dot - layer_end - 1) : std::string();
  const auto* found = std::ranges::find(layer_names, part, &renaming::first);
  return layer +
         (found == layer_names.end() ? name.substr(layer_end + 1) : std::string(found->second) + name.substr(dot));
}

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
  constexpr std::string_view scaling = "only unscaled rotary embedding and Llama 3's (rope_freqs.weight) are supported";
  if (const auto type = file.string(keys.key("rope.scaling.type")); type && *type != "none")
    keys.refuse("rope.scaling.type", "\"" + std::string(*type) + "\"", scaling);
  if (const auto factor = keys.number("rope.scale_linear", 1); factor != 1)
    keys.refuse("rope.scale_linear", std::to_string(factor), scaling);
}

// One divisor for each rotated pair, precomputed by the converter for Llama 3's scaling.
std::vector<float> read_rope_factors(const gguf_file& file, const model_config& config) {
  const auto found = file.tensors().find("rope_freqs.weight");
  if (found == file.tensors().end())
    return {};
  const auto& tensor = found->second;
  if (tensor.type != tensor_type::f32 || tensor.shape != std::vector<std::int64_t>{config.head_dim / 2})
    throw model_error(file.where() + ": rope_freqs.weight is not F32 of [" + std::to_string(config.head_dim / 2) + "]");
  std::vector<float> factors(static_cast<std::size_t>(config.head_dim / 2));
  dequantize(tensor.type, tensor.data.data(), factors);
  if (!std::ranges::all_of(factors, [](float factor) { return std::isfinite(factor) && factor > 0; }))
    throw model_error(file.where() + ": rope_freqs.weight has a factor that is not a positive number");
  return factors;
}

model_config read_config(const gguf_file& file) {
  const auto architecture = file.string("general.architecture");
  if (!architecture)
    throw model_error(file.where() + ": metadata \"general.architecture\" is missing");
  if (*architecture != "llama" && *architecture != "qwen2")
    throw model_error(file.where() + ": architecture \"" + std::string(*architecture) +
                      "\" is not supported; these are: llama, qwen2");
  const architecture_keys keys(file, std::string(*architecture));
  model_config config;
  config.family = *architecture;
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
  const auto embedding = file.tensors().find("token_embd.weight");
  if (embedding == file.tensors().end())
    throw model_error(file.where() + ": tensor \"token_embd.weight\" is missing");
  config.vocab_size = embedding->second.shape.front();
  check_config(config, file.where());
  refuse_unsupported(file, keys, config);
  config.rope_factors = read_rope_factors(file, config);
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
  if (input.shape != output.shape || input.shape.size() != 2)
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

} // namespace

model_file read_gguf_model(const std::filesystem::path& path) {
  const gguf_file file(std::make_shared<const mapped_file>(path));
  model_file model;
  model.config = read_config(file);
  model.vocabulary = read_gguf_vocabulary(file);
  for (const auto& [name, tensor] : file.tensors())
    if (!model.tensors.emplace(hugging_face_name(name), tensor).second)
      throw model_error(file.where() + ": tensor \"" + name + "\" is there twice under different names");
  const auto output = model.tensors.find("lm_head.weight");
  model.config.tied =
      output == model.tensors.end() || is_one_matrix(model.tensors.at("model.embed_tokens.weight"), output->second);
  // llama.cpp's converter reorders the rows of q and k of this family so that the pairs to rotate lie side by side.
  model.interleaved_rope = model.config.family == "llama";
  model.model_hash = avp::model_hash(config_json(model.config).dump()).value();
  model.files = {file.file()};
  return model;
}

} // namespace avp
