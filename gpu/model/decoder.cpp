// Forward passes over rows of many sequences.
#include "gpu/model/decoder.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gpu/kernels/finite.hpp"
#include "gpu/model/family/families.hpp"
#include "gpu/model/load_tensor.hpp"
#include "gpu/model/model_error.hpp"

namespace avp {

namespace {

// Rows that a linear layer is given at once; more go in pieces.
constexpr std::int64_t most_layer_rows = 512, most_head_rows = 64;

// What the attention kernels have room for.
constexpr std::int64_t largest_head = 256;

// Ridge of the realignment and floor of norms, as LatentMAS and the AVP SDK have them.
constexpr double ridge = 1e-5, norm_floor = 1e-6;

// Rows of the vocabulary that are taken at once where a whole table in float32 would be too much.
constexpr std::int64_t vocabulary_chunk = 8192;

// Angles that are worth a second thread.
constexpr std::int64_t angles_at_once = 1 << 14;

// Cosines and sines of float64 angles, times a magnitude, as float32. They are the C library's: ATen's have other bits
// on other processors.
rotation turned_by(const at::Tensor& angles, double magnitude, at::Device device) {
  auto cos = at::empty(angles.sizes(), at::kFloat), sin = at::empty(angles.sizes(), at::kFloat);
  const auto* from = angles.const_data_ptr<double>();
  auto *cosines = cos.mutable_data_ptr<float>(), *sines = sin.mutable_data_ptr<float>();
  at::parallel_for(0, angles.numel(), angles_at_once, [=](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) {
      cosines[i] = static_cast<float>(std::cos(from[i]) * magnitude);
      sines[i] = static_cast<float>(std::sin(from[i]) * magnitude);
    }
  });
  return {cos.to(device), sin.to(device)};
}

// In place; a factor of 1 leaves the bits alone.
at::Tensor scaled(at::Tensor values, double factor) { return factor == 1 ? values : values.mul_(factor); }

} // namespace

decoder::decoder(const model_file& file, const model_spec& spec, at::Device device)
    : config_(file.config),
      family_(family_of(config_)),
      device_(device),
      cache_dtype_(spec.cache_dtype() == data_type::float32 ? at::kFloat : at::kBFloat16),
      embedding_scale_(config_.embedding_scale) {
  const c10::InferenceMode no_gradients;
  if (config_.head_dim > largest_head || config_.head_dim % 2 != 0)
    throw model_error("model '" + config_.name + "' has heads of " + std::to_string(config_.head_dim) +
                      " values; even sizes up to " + std::to_string(largest_head) + " are supported");
  try {
    linear_loader linears(file, spec, device);
    activations_ = linears.activations();
    load_vocabulary(file, spec, linears);
    load_layers(file, linears);
    make_rotary_tables();
  } catch (const c10::Error& error) {
    throw model_error("cannot load model '" + config_.name + "' onto " + device.str() + ": " +
                      error.what_without_backtrace());
  }
}

void decoder::load_vocabulary(const model_file& file, const model_spec& spec, linear_loader& linears) {
  const auto in = family_.name_of(weight_part::embedding), out = family_.name_of(weight_part::head);
  const auto dtype = spec.layercast ? at::kFloat : linears.plain(); // made float32 once, not at every step
  embedding_ = load_vocabulary_table(file, in, spec, dtype, device_);
  if (dtype == at::kBFloat16 && spec.format != weight_format::native) // as transformers has it, and training had it
    embedding_scale_ = static_cast<double>(static_cast<float>(c10::BFloat16(static_cast<float>(embedding_scale_))));
  const bool two_tables = file.tensors.contains(out);
  if (spec.format == weight_format::int8 || spec.format == weight_format::int4)
    head_ = linears.load({{two_tables ? out : in}}, most_head_rows);
  else if (two_tables)
    unembedding_ = load_vocabulary_table(file, out, spec, dtype, device_);
}

void decoder::load_layers(const model_file& file, linear_loader& linears) {
  const auto load_norm = [&](weight_part part, std::int64_t number) {
    const auto names = family_.names_of(part, number);
    if (names.empty())
      return at::Tensor();
    auto weight = load_tensor(file, names.front(), at::TensorOptions().dtype(at::kFloat).device(device_));
    return file.norms_add_one ? weight.add_(1) : weight;
  };
  for (std::int64_t i = 0; i < config_.num_layers; ++i) {
    const auto norm = [&](weight_part part) { return load_norm(part, i); };
    const auto load = [&](weight_part part) { return linears.load(family_.names_of(part, i), most_layer_rows); };
    layer weights;
    weights.shape = shape_of(i);
    weights.input_norm = norm(weight_part::input_norm);
    weights.qkv = load(weight_part::qkv);
    weights.query_norm = norm(weight_part::query_norm);
    weights.key_norm = norm(weight_part::key_norm);
    weights.output = load(weight_part::attention_output);
    weights.attention_norm = norm(weight_part::attention_norm);
    weights.feed_forward_input_norm = norm(weight_part::feed_forward_input_norm);
    weights.gate_up = load(weight_part::gate_up);
    weights.down = load(weight_part::down);
    weights.feed_forward_norm = norm(weight_part::feed_forward_norm);
    layers_.push_back(std::move(weights));
  }
  final_norm_ = load_norm(weight_part::final_norm, 0);
}

attention_shape decoder::shape_of(std::int64_t number) const {
  const auto window = config_.window_of(number);
  return {config_.num_heads, config_.num_kv_heads, config_.head_dim, window < config_.max_positions ? window : 0,
          static_cast<float>(config_.attention_scale)};
}

// Angles position · theta^(-2i/d) (RoFormer, arXiv 2104.09864), in double so that far positions stay exact.
// Layers that are rotated alike share a table.
void decoder::make_rotary_tables() {
  for (std::int64_t i = 0; i < config_.num_layers; ++i) {
    auto turn = config_.rope_of(i);
    auto known = std::ranges::find(angles_, turn, &angle_table::rotation);
    layers_[i].angles = known - angles_.begin();
    if (known != angles_.end())
      continue;
    auto frequencies = frequencies_of(turn);
    auto [cos, sin] = turned_by(at::outer(at::arange(config_.max_positions, at::kDouble), frequencies),
                                turn ? turn->magnitude : 1, device_);
    angles_.push_back({std::move(turn), std::move(frequencies), std::move(cos), std::move(sin)});
  }
}

// [rotated pairs] float64, radians a position
at::Tensor decoder::frequencies_of(const std::optional<rope>& rotation) const {
  const std::int64_t half = config_.rotated() / 2;
  if (!rotation)
    return at::zeros({half}, at::kDouble);
  auto frequencies = at::empty({half}, at::kDouble);
  for (std::int64_t i = 0; i < half; ++i)
    frequencies.mutable_data_ptr<double>()[i] =
        std::pow(rotation->theta, static_cast<double>(i) * (-2.0 / static_cast<double>(config_.rotated())));
  if (!rotation->factors.empty())
    frequencies = frequencies / at::tensor(rotation->factors, at::kFloat).to(at::kDouble);
  return frequencies;
}

rotation decoder::rotation_by(std::int64_t positions) const {
  std::vector<at::Tensor> frequencies;
  for (const auto& weights : layers_)
    frequencies.push_back(angles_[weights.angles].frequencies);
  return turned_by(at::stack(frequencies) * static_cast<double>(positions), 1, device_);
}

block_shape decoder::cache_shape() const {
  return {config_.num_layers, config_.num_kv_heads, config_.head_dim, cache_dtype_};
}

at::Tensor decoder::embed(std::span<const std::int32_t> tokens) const {
  return scaled(embedding_->rows(tokens), embedding_scale_);
}

void decoder::norm_queries_and_keys(const layer& weights, at::Tensor& qkv) const {
  const auto queries = config_.num_heads * config_.head_dim, keys = config_.num_kv_heads * config_.head_dim;
  if (const auto& norm = weights.query_norm; norm.defined())
    head_rms_norm(qkv, 0, queries / norm.size(0), norm, config_.rms_norm_eps);
  if (const auto& norm = weights.key_norm; norm.defined())
    head_rms_norm(qkv, queries, keys / norm.size(0), norm, config_.rms_norm_eps);
}

// x += change; then its norm where there is one.
at::Tensor decoder::normed(at::Tensor& x, const at::Tensor& change, const at::Tensor& weight) const {
  if (weight.defined())
    return residual_rms_norm(x, change, weight, config_.rms_norm_eps, activations_);
  if (change.defined())
    x.add_(change);
  return x.to(activations_);
}

// What a part of a layer has made, as the residual stream gets it.
at::Tensor decoder::added(at::Tensor made, const at::Tensor& norm) const {
  if (norm.defined()) {
    auto wide = made.to(at::kFloat);
    made = residual_rms_norm(wide, {}, norm, config_.rms_norm_eps, activations_);
  }
  return scaled(std::move(made), config_.residual_scale);
}

at::Tensor decoder::divided(at::Tensor scores) const {
  return config_.logit_divisor == 1 ? scores : scores.div_(config_.logit_divisor);
}

// What each layer computes for the cache is looked at, and what comes out at the end. Between them nothing is lost: an
// infinity or a NaN that is added to the residual stream stays in it.
forward_result decoder::forward(row_batch batch, block_pool& pool) const {
  auto x = std::move(batch.x);
  finite_watch watch(x.size(0), config_.num_layers + 1, device_);
  at::Tensor change; // of the residual stream, added by the next norm
  for (std::int64_t i = 0; i < config_.num_layers; ++i) {
    const auto& weights = layers_[i];
    const auto& angles = angles_[weights.angles];
    auto qkv = weights.qkv->apply(normed(x, change, weights.input_norm));
    norm_queries_and_keys(weights, qkv);
    watch.see(qkv);
    auto seen = rope_store_attend(qkv, batch.tables, angles.cos, angles.sin, weights.shape, pool.data(), i);
    if (i + 1 == config_.num_layers) { // the rest of the last layer is for those who asked
      auto wanted = at::tensor(batch.wanted, at::kLong).to(device_);
      x = x.index_select(0, wanted);
      seen = seen.index_select(0, wanted);
      if (batch.wanted.empty())
        return {x, watch.first_broken()};
    }
    change = added(weights.output->apply(seen), weights.attention_norm);
    const auto input = normed(x, change, weights.feed_forward_input_norm);
    change =
        added(weights.down->apply(gated(weights.gate_up->apply(input), config_.activation)), weights.feed_forward_norm);
  }
  auto hidden = residual_rms_norm(x, change, final_norm_, config_.rms_norm_eps, at::kFloat);
  watch.see(hidden, batch.wanted);
  return {std::move(hidden), watch.first_broken()};
}

at::Tensor decoder::logits(const at::Tensor& hidden) const {
  if (head_)
    return divided(head_->apply(hidden.to(activations_)).to(at::kFloat));
  return divided((unembedding_ ? unembedding_ : embedding_)->scores(hidden));
}

at::Tensor decoder::latent_input(const at::Tensor& hidden, at::Tensor* scores) {
  if (config_.tied) { // the input table on both sides, also where a GGUF holds the matrix twice: so does the SDK
    const auto logits = divided(embedding_->scores(hidden));
    if (scores != nullptr)
      *scores = logits;
    return scaled(embedding_->mixture(softmax(logits)), embedding_scale_);
  }
  if (!realignment_.defined())
    make_realignment();
  std::vector<at::Tensor> turned;
  for (std::int64_t row = 0; row < hidden.size(0); ++row) // one by one: a product of several may sum in another order
    turned.push_back(at::mv(realignment_.t(), hidden.select(0, row)));
  auto aligned = at::stack(turned);
  auto length = aligned.norm(2, {1}, true).clamp_min(norm_floor);
  return scaled(aligned * (mean_norm_ / length), embedding_scale_);
}

at::Tensor decoder::piece_of_unembedding(std::int64_t begin, std::int64_t count) const {
  return (unembedding_ ? unembedding_ : embedding_)->piece(begin, count);
}

// W = (UᵀU + λI)⁻¹ UᵀE for scores U and embeddings E, accumulated over pieces of the vocabulary in float32.
void decoder::make_realignment() {
  const std::int64_t hidden = config_.hidden_size;
  const auto wide = at::TensorOptions().dtype(at::kFloat).device(device_);
  auto gram = at::eye(hidden, wide) * ridge;
  auto cross = at::zeros({hidden, hidden}, wide);
  double norms = 0;
  for (std::int64_t row = 0; row < config_.vocab_size; row += vocabulary_chunk) {
    const std::int64_t count = std::min(vocabulary_chunk, config_.vocab_size - row);
    auto out = piece_of_unembedding(row, count), in = embedding_->piece(row, count);
    gram += at::mm(out.t(), out);
    cross += at::mm(out.t(), in);
    norms += in.norm(2, {1}).sum().item<double>();
  }
  realignment_ = at::linalg_solve(gram, cross);
  mean_norm_ =
      std::max(static_cast<float>(norms / static_cast<double>(config_.vocab_size)), static_cast<float>(norm_floor));
}

} // namespace avp
