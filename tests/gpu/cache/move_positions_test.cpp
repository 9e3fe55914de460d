// Keys that move: a branch computed alone from position 0 and moved against the same branch computed where it comes to
// lie, by an own computation in float64.
#include <cmath>
#include <iostream>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/cache/move_positions.hpp"
#include "gpu/model/load_tensor.hpp"
#include "gpu/model/open_model.hpp"
#include "tests/gpu/engine/lone_sequence.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using namespace avp;
using namespace avp::test;

// A model file of the tiny model in one of the ways in which rotary embedding comes.
struct rotary_style {
  std::string name;
  std::function<std::filesystem::path(const std::filesystem::path& folder)> write;
};

std::ostream& operator<<(std::ostream& out, const rotary_style& style) { return out << style.name; }

std::filesystem::path write_gguf(const std::filesystem::path& folder, gguf_writer gguf) {
  return write_model(gguf, folder / "tiny.gguf").source;
}

gguf_writer scaled_gguf() {
  auto gguf = runnable_gguf("llama");
  gguf.tensors["rope_freqs.weight"] = {
      {4}, 0, bytes_of(1.0F) + bytes_of(1.7F) + bytes_of(5.0F) + bytes_of(8.0F)}; // as Llama 3 has them
  return gguf;
}

// Its rotated values have a magnitude of 1.14, which a key that moves has already.
gguf_writer yarn_gguf() {
  auto gguf = runnable_gguf("llama");
  gguf.text("llama.rope.scaling.type", "yarn");
  gguf.f32("llama.rope.scaling.factor", 4);
  gguf.u32("llama.rope.scaling.original_context_length", 64);
  return gguf;
}

std::filesystem::path write_llama3_directory(const std::filesystem::path& folder) {
  auto config = tiny_config("llama");
  config["max_position_embeddings"] = 512;
  config["rope_scaling"] = {{"rope_type", "llama3"},
                            {"factor", 8.0},
                            {"low_freq_factor", 1.0},
                            {"high_freq_factor", 4.0},
                            {"original_max_position_embeddings", 64}};
  std::ofstream(folder / "config.json") << config;
  std::ofstream(folder / "tokenizer.json") << tiny_tokenizer_json();
  std::ofstream(folder / "model.safetensors", std::ios::binary) << safetensors_bytes(tiny_tensors("llama"));
  return folder;
}

// Keys [kv_heads, tokens, head_dim] of every layer, of tokens that stand at positions from `first` on with nothing
// before them.
std::vector<at::Tensor> reference_keys(const model_file& file, const std::vector<std::int32_t>& tokens,
                                       std::int64_t first) {
  const auto& config = file.config;
  const auto count = static_cast<std::int64_t>(tokens.size()), dim = config.head_dim;
  const auto load = [&](const std::string& name) { return load_tensor(file, name, at::kFloat).to(at::kDouble); };
  const auto norm = [&](const at::Tensor& x, const std::string& name) {
    return x * at::rsqrt(x.square().mean({1}, true) + config.rms_norm_eps) * load(name + ".weight");
  };
  const auto linear = [&](const at::Tensor& x, const std::string& name) {
    const auto y = at::mm(x, load(name + ".weight").t());
    return file.tensors.contains(name + ".bias") ? y + load(name + ".bias") : y;
  };
  auto frequencies = at::pow(at::full({dim / 2}, config.rotary.theta, at::kDouble),
                             at::arange(dim / 2, at::kDouble) * (-2.0 / static_cast<double>(dim)));
  if (!config.rotary.factors.empty())
    frequencies = frequencies / at::tensor(config.rotary.factors, at::kFloat).to(at::kDouble);
  const auto angles = at::outer(at::arange(first, first + count, at::kDouble), frequencies);
  const auto heads = [&](const at::Tensor& x) { return x.view({count, -1, dim}).transpose(0, 1); };
  const auto turned = [&](const at::Tensor& x) {
    const auto halves = x.chunk(2, 2);
    const auto cos = angles.cos() * config.rotary.magnitude, sin = angles.sin() * config.rotary.magnitude;
    return at::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, 2);
  };
  auto x = load("model.embed_tokens.weight").index_select(0, at::tensor(tokens, at::kInt));
  std::vector<at::Tensor> all;
  for (std::int64_t layer = 0; layer < config.num_layers; ++layer) {
    const auto name = "model.layers." + std::to_string(layer) + ".";
    auto h = norm(x, name + "input_layernorm");
    const auto key = turned(heads(linear(h, name + "self_attn.k_proj")));
    all.push_back(key);
    const auto per_key = config.num_heads / config.num_kv_heads;
    const auto scores = at::bmm(turned(heads(linear(h, name + "self_attn.q_proj"))),
                                key.repeat_interleave(per_key, 0).transpose(1, 2)) /
                        std::sqrt(static_cast<double>(dim));
    const auto later = at::ones({count, count}, at::kBool).triu(1);
    const auto seen = at::bmm(at::softmax(scores.masked_fill(later, -INFINITY), 2),
                              heads(linear(h, name + "self_attn.v_proj")).repeat_interleave(per_key, 0));
    x = x + linear(seen.transpose(0, 1).reshape({count, -1}), name + "self_attn.o_proj");
    h = norm(x, name + "post_attention_layernorm");
    x = x +
        linear(at::silu(linear(h, name + "mlp.gate_proj")) * linear(h, name + "mlp.up_proj"), name + "mlp.down_proj");
  }
  return all;
}

// Keys or values of a layer by position: [kv_heads, length, head_dim].
at::Tensor by_position(const block_pool& pool, const sequence& of, std::int64_t layer, std::int64_t part) {
  const auto& shape = pool.shape();
  std::vector<at::Tensor> blocks;
  for (const auto block : of.blocks()) {
    const auto data = pool.data().select(0, block).select(0, layer).select(0, part);
    blocks.push_back(part == 0 ? data.view({shape.kv_heads, shape.head_dim, block_positions}).transpose(1, 2)
                               : data.view({shape.kv_heads, block_positions, shape.head_dim}));
  }
  return at::cat(blocks, 1).narrow(1, 0, of.length());
}

double relative_error(const at::Tensor& ours, const at::Tensor& expected) {
  return ((ours.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

class rotation_test : public testing::TestWithParam<rotary_style> {
protected:
  temporary_folder folder_;
  c10::InferenceMode no_gradients_;

  static model_spec spec(data_type cache) {
    model_spec made;
    made.format = weight_format::float32;
    made.kv_dtype = cache;
    return made;
  }

  static std::vector<std::int32_t> branch() {
    std::vector<std::int32_t> tokens;
    for (int i = 0; i < 75; ++i)
      tokens.push_back((i * i + 3 * i) % 7);
    return tokens;
  }
};

TEST_P(rotation_test, a_branch_that_moves_is_the_branch_computed_there) {
  const auto file = open_model(GetParam().write(folder_.path()));
  const decoder network(file, spec(data_type::float32), at::kCPU);
  lone_sequence alone(network);
  (void)alone.feed(branch());
  const auto here = reference_keys(file, branch(), 0);
  for (const std::int64_t moved_by : {1, 45, 300}) {
    const auto there = reference_keys(file, branch(), moved_by);
    sequence target(alone.pool());
    target.extend(moved_by);
    target.advance(moved_by);
    target.extend(75);
    const auto turn = network.rotation_by(moved_by);
    move_positions(*alone.pool(), alone.blocks(), 0, 75, target, &turn);
    ASSERT_EQ(target.length(), moved_by + 75);
    for (std::int64_t layer = 0; layer < file.config.num_layers; ++layer) {
      const auto keys = by_position(*alone.pool(), target, layer, 0).narrow(1, moved_by, 75);
      const auto error = relative_error(keys, there[layer]);
      const auto unmoved = relative_error(by_position(*alone.pool(), alone.blocks(), layer, 0), here[layer]);
      std::cout << "[ rotation ] " << GetParam() << ", by " << moved_by << ", layer " << layer
                << ": max relative error of keys " << error << " (" << unmoved << " before)\n";
      EXPECT_LT(error, layer == 0 ? 1e-6 : 1e-5);
      EXPECT_LT(error, unmoved + 5e-7); // the rotation adds no more than rounding
      EXPECT_GT(relative_error(by_position(*alone.pool(), alone.blocks(), layer, 0), there[layer]), 0.01);
      EXPECT_TRUE(at::equal(by_position(*alone.pool(), target, layer, 1).narrow(1, moved_by, 75),
                            by_position(*alone.pool(), alone.blocks(), layer, 1)));
    }
  }
}

TEST_P(rotation_test, bfloat16_is_rounded_once) {
  const auto file = open_model(GetParam().write(folder_.path()));
  const decoder network(file, spec(data_type::bfloat16), at::kCPU);
  lone_sequence alone(network);
  (void)alone.feed(branch());
  sequence target(alone.pool());
  target.extend(75);
  const auto turn = network.rotation_by(-20);
  move_positions(*alone.pool(), alone.blocks(), 20, 50, target, &turn);
  const auto before = by_position(*alone.pool(), alone.blocks(), 1, 0).narrow(1, 20, 30).to(at::kFloat);
  const auto halves = before.chunk(2, 2);
  const auto expected = at::cat(
      {halves[0] * turn.cos[1] - halves[1] * turn.sin[1], halves[1] * turn.cos[1] + halves[0] * turn.sin[1]}, 2);
  EXPECT_TRUE(at::equal(by_position(*alone.pool(), target, 1, 0), expected.to(at::kBFloat16)));
}

TEST_P(rotation_test, a_position_does_not_depend_on_its_company) {
  const auto file = open_model(GetParam().write(folder_.path()));
  const decoder network(file, spec(data_type::float32), at::kCPU);
  lone_sequence alone(network);
  (void)alone.feed(branch());
  const auto turn = network.rotation_by(7);
  sequence whole(alone.pool()), pieces(alone.pool());
  for (auto* target : {&whole, &pieces}) {
    target->extend(7);
    target->advance(7);
    target->extend(75);
  }
  move_positions(*alone.pool(), alone.blocks(), 0, 75, whole, &turn);
  for (std::int64_t begin = 0; begin < 75; begin += 5)
    move_positions(*alone.pool(), alone.blocks(), begin, begin + 5, pieces, &turn);
  for (const std::int64_t layer : {0, 1})
    EXPECT_TRUE(at::equal(by_position(*alone.pool(), whole, layer, 0).narrow(1, 7, 75),
                          by_position(*alone.pool(), pieces, layer, 0).narrow(1, 7, 75)));
}

INSTANTIATE_TEST_SUITE_P(
    styles, rotation_test,
    testing::Values(
        rotary_style{"halves", [](const auto& folder) { return write_gguf(folder, runnable_gguf("qwen2")); }},
        rotary_style{"pairs", [](const auto& folder) { return write_gguf(folder, runnable_gguf("llama")); }},
        rotary_style{"scaled_pairs", [](const auto& folder) { return write_gguf(folder, scaled_gguf()); }},
        rotary_style{"yarn", [](const auto& folder) { return write_gguf(folder, yarn_gguf()); }},
        rotary_style{"llama3_halves", write_llama3_directory}),
    [](const auto& style) { return style.param.name; });

} // namespace
