// The forward pass, in plain ATen.
#include <cmath>

#include <ATen/ATen.h>

#include <avp/gpu/model/decoder.hpp>
#include <avp/gpu/model/load_tensor.hpp>

namespace avp {

namespace {

// Ridge weight of the realignment and the floor of norms, as LatentMAS has them.
constexpr double ridge = 1e-5;
constexpr double norm_floor = 1e-6;
// Rows of the vocabulary turned to float32 at once when a realignment is made.
constexpr std::int64_t vocabulary_chunk = 8192;

} // namespace

decoder::decoder(const model_file& file, at::ScalarType dtype, at::Device device) : config_(file.config) {
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  try {
    embedding_ = load_tensor(file, "model.embed_tokens.weight", options);
    const bool two_tables = file.tensors.contains("lm_head.weight");
    unembedding_ = two_tables ? load_tensor(file, "lm_head.weight", options) : embedding_;
    final_norm_ = load_tensor(file, "model.norm.weight", options);
    load_layers(file, options);
    make_rotary_tables();
  } catch (const c10::Error& error) {
    throw model_error("cannot load model '" + config_.name + "' onto " + device.str() + ": " +
                      error.what_without_backtrace());
  }
}

void decoder::load_layers(const model_file& file, const at::TensorOptions& options) {
  for (std::int64_t i = 0; i < config_.num_layers; ++i) {
    const std::string prefix = "model.layers." + std::to_string(i) + ".";
    auto load = [&](const char* name) { return load_tensor(file, prefix + name, options); };
    layer weights;
    weights.input_norm = load("input_layernorm.weight");
    weights.qkv =
        at::cat({load("self_attn.q_proj.weight"), load("self_attn.k_proj.weight"), load("self_attn.v_proj.weight")});
    if (file.tensors.contains(prefix + "self_attn.q_proj.bias"))
      weights.qkv_bias =
          at::cat({load("self_attn.q_proj.bias"), load("self_attn.k_proj.bias"), load("self_attn.v_proj.bias")});
    weights.output = load("self_attn.o_proj.weight");
    weights.post_norm = load("post_attention_layernorm.weight");
    weights.gate_up = at::cat({load("mlp.gate_proj.weight"), load("mlp.up_proj.weight")});
    weights.down = load("mlp.down_proj.weight");
    layers_.push_back(std::move(weights));
  }
}

// Angles position · theta^(-2i/d) (RoFormer, arXiv 2104.09864), in double so that far positions stay exact.
void decoder::make_rotary_tables() {
  const std::int64_t half = config_.head_dim / 2;
  auto exponents = at::arange(half, at::kDouble) * (-2.0 / static_cast<double>(config_.head_dim));
  auto frequencies = at::pow(at::full({half}, config_.rope_theta, at::kDouble), exponents);
  if (!config_.rope_factors.empty())
    frequencies = frequencies / at::tensor(config_.rope_factors, at::kFloat).to(at::kDouble);
  auto angles = at::outer(at::arange(config_.max_positions, at::kDouble), frequencies); // [max_positions, half]
  angles = at::cat({angles, angles}, 1);
  cos_ = angles.cos().to(options());
  sin_ = angles.sin().to(options());
}

kv_cache decoder::make_cache(std::int64_t capacity) const {
  return {config_.num_layers, config_.num_kv_heads, config_.head_dim, capacity, options()};
}

at::Tensor decoder::embed(std::span<const std::int32_t> tokens) const {
  auto ids = at::empty({static_cast<std::int64_t>(tokens.size())}, at::kInt);
  std::copy(tokens.begin(), tokens.end(), ids.data_ptr<std::int32_t>());
  return at::embedding(embedding_, ids.to(embedding_.device()));
}

at::Tensor decoder::norm(const at::Tensor& x, const at::Tensor& weight) const {
  return at::rms_norm(x, {config_.hidden_size}, weight, config_.rms_norm_eps);
}

// x [rows, heads, head_dim] at `position` and after: x·cos + rotate_half(x)·sin.
at::Tensor decoder::rotate(const at::Tensor& x, std::int64_t position) const {
  const std::int64_t half = config_.head_dim / 2;
  auto cos = cos_.narrow(0, position, x.size(0)).unsqueeze(1);
  auto sin = sin_.narrow(0, position, x.size(0)).unsqueeze(1);
  auto turned = at::cat({x.narrow(2, half, half).neg(), x.narrow(2, 0, half)}, 2);
  return x * cos + turned * sin;
}

// Additive mask [group * rows, past + rows]: query heads of one group stand behind one another as rows. Undefined for
// one row.
at::Tensor decoder::causal_mask(std::int64_t rows, std::int64_t past) const {
  if (rows == 1)
    return {};
  auto mask = at::full({rows, past + rows}, -INFINITY, options()).triu(past + 1);
  return mask.repeat({config_.num_heads / config_.num_kv_heads, 1});
}

// x [rows, hidden], normed. Grouped queries share their key head by being extra rows of it, so no key is copied.
at::Tensor decoder::attention(const layer& weights, std::int64_t index, const at::Tensor& x, const at::Tensor& mask,
                              kv_cache& cache) const {
  const std::int64_t rows = x.size(0), heads = config_.num_heads, groups = config_.num_kv_heads, dim = config_.head_dim;
  auto qkv = at::linear(x, weights.qkv, weights.qkv_bias).view({rows, heads + 2 * groups, dim});
  auto turned = rotate(qkv.narrow(1, 0, heads + groups), cache.length());
  auto query = turned.narrow(1, 0, heads).transpose(0, 1).reshape({1, groups, heads / groups * rows, dim});
  cache.write(index, turned.narrow(1, heads, groups).transpose(0, 1),
              qkv.narrow(1, heads + groups, groups).transpose(0, 1));
  const std::int64_t total = cache.length() + rows;
  auto key = cache.keys(index, total).unsqueeze(0);
  auto value = cache.values(index, total).unsqueeze(0);
  auto bias = mask.defined() ? std::optional(mask) : std::nullopt;
  auto out = at::scaled_dot_product_attention(query, key, value, bias); // [1, groups, heads / groups * rows, dim]
  return out.view({heads, rows, dim}).transpose(0, 1).reshape({rows, heads * dim});
}

at::Tensor decoder::forward(at::Tensor x, kv_cache& cache) const {
  const std::int64_t rows = x.size(0);
  const auto mask = causal_mask(rows, cache.length());
  for (std::int64_t i = 0; i < config_.num_layers; ++i) {
    const auto& weights = layers_[i];
    x = x + at::linear(attention(weights, i, norm(x, weights.input_norm), mask, cache), weights.output);
    auto gate_up = at::linear(norm(x, weights.post_norm), weights.gate_up).chunk(2, 1);
    x = x + at::linear(at::silu(gate_up[0]) * gate_up[1], weights.down);
  }
  cache.advance(rows);
  return norm(x.narrow(0, rows - 1, 1), final_norm_);
}

at::Tensor decoder::logits(const at::Tensor& hidden) const { return at::linear(hidden, unembedding_).to(at::kFloat); }

at::Tensor decoder::latent_input(const at::Tensor& hidden) {
  if (config_.tied) { // the input table on both sides, also where a GGUF holds the matrix twice: so does the SDK
    auto scores = at::linear(hidden, embedding_).to(at::kFloat);
    return at::mm(at::softmax(scores, 1).to(embedding_.scalar_type()), embedding_);
  }
  if (!realignment_.defined())
    make_realignment();
  auto aligned = at::mm(hidden.to(at::kFloat), realignment_);
  auto length = aligned.norm(2, {1}, true).clamp_min(norm_floor);
  return (aligned * (mean_norm_ / length)).to(embedding_.scalar_type());
}

// W = (UᵀU + λI)⁻¹ UᵀE for scores U and embeddings E, accumulated over pieces of the vocabulary in float32.
void decoder::make_realignment() {
  const std::int64_t hidden = config_.hidden_size;
  const auto options32 = embedding_.options().dtype(at::kFloat);
  auto gram = at::eye(hidden, options32) * ridge;
  auto cross = at::zeros({hidden, hidden}, options32);
  double norms = 0;
  for (std::int64_t row = 0; row < config_.vocab_size; row += vocabulary_chunk) {
    const std::int64_t count = std::min(vocabulary_chunk, config_.vocab_size - row);
    auto out = unembedding_.narrow(0, row, count).to(at::kFloat);
    auto in = embedding_.narrow(0, row, count).to(at::kFloat);
    gram += at::mm(out.t(), out);
    cross += at::mm(out.t(), in);
    norms += in.norm(2, {1}).sum().item<double>();
  }
  realignment_ = at::linalg_solve(gram, cross);
  mean_norm_ =
      std::max(static_cast<float>(norms / static_cast<double>(config_.vocab_size)), static_cast<float>(norm_floor));
}

} // namespace avp
