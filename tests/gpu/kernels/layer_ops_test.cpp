// The row kernels against their twins in ATen, and against themselves in other company.
#include <cmath>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/cache/sequence.hpp"
#include "gpu/kernels/layer_ops.hpp"

namespace {

using namespace avp;

struct types {
  at::ScalarType activations, cache;
};

class layer_ops : public testing::TestWithParam<types> {
protected:
  void SetUp() override { at::manual_seed(3); }

  [[nodiscard]] double tolerance() const {
    return GetParam().activations == at::kFloat && GetParam().cache == at::kFloat ? 1e-5 : 2e-2;
  }

  void expect_close(const at::Tensor& a, const at::Tensor& b) const {
    EXPECT_EQ(a.scalar_type(), b.scalar_type());
    EXPECT_TRUE(at::allclose(a.to(at::kFloat), b.to(at::kFloat), tolerance(), tolerance()));
  }
};

TEST_P(layer_ops, normalises_as_aten_does) {
  for (std::int64_t columns : {576, 896, 37}) {
    const auto dtype = GetParam().activations;
    auto x = at::randn({5, columns}), y = at::randn({5, columns}).to(dtype), weight = at::rand({columns}) + 0.5;
    auto x1 = x.clone(), x2 = x.clone();
    expect_close(residual_rms_norm(x1, y, weight, 1e-6, dtype), aten::residual_rms_norm(x2, y, weight, 1e-6, dtype));
    EXPECT_TRUE(at::allclose(x1, x2));
    expect_close(residual_rms_norm(x1, {}, weight, 1e-6, dtype), aten::residual_rms_norm(x2, {}, weight, 1e-6, dtype));
  }
}

TEST_P(layer_ops, gates_as_aten_does) {
  for (const auto activation : {gate_activation::silu, gate_activation::gelu_tanh})
    for (const double width : {1.0, 20.0, 1e12}) {
      auto gate_up = (at::randn({3, 2 * 77}) * width).to(GetParam().activations);
      expect_close(gated(gate_up, activation), aten::gated(gate_up, activation));
    }
}

TEST_P(layer_ops, normalises_heads_as_aten_does) {
  for (const std::int64_t size : {6, 20, 64, 80}) {
    auto ours = at::randn({5, 7 * size + 3}).to(GetParam().activations), weight = at::rand({size}) + 0.5;
    auto theirs = ours.clone(), before = ours.clone();
    head_rms_norm(ours, size, 4, weight, 1e-6);
    aten::head_rms_norm(theirs, size, 4, weight, 1e-6);
    expect_close(ours, theirs);
    EXPECT_FALSE(at::equal(ours, before));
    for (const auto& untouched : {std::pair<std::int64_t, std::int64_t>{0, size}, {5 * size, 2 * size + 3}})
      EXPECT_TRUE(at::equal(ours.narrow(1, untouched.first, untouched.second),
                            before.narrow(1, untouched.first, untouched.second)));
  }
}

// Two sequences of different length, one with a chunk of a prompt, one with a single row; heads of odd and even sizes.
TEST_P(layer_ops, attends_as_aten_does) {
  for (const auto& shape : {attention_shape{14, 2, 64},
                            {9, 3, 64},
                            {4, 4, 128},
                            {4, 2, 20},
                            {2, 1, 6},
                            {4, 2, 24, 1},
                            {9, 3, 64, 5},
                            {4, 2, 20, 33, 0.05F},
                            {6, 2, 64, 64},
                            {4, 1, 256, 90, 0.125F}}) {
    const auto width = (shape.heads + 2 * shape.kv_heads) * shape.dim;
    const auto pairs = shape.scale > 0 ? shape.dim / 4 : shape.dim / 2; // of a part of each head, too
    auto angles = at::rand({300, pairs}) * 6;
    auto cos = angles.cos(), sin = angles.sin();
    const auto make_pool = [&] {
      return std::make_shared<block_pool>(block_shape{2, shape.kv_heads, shape.dim, GetParam().cache}, 20, at::kCPU);
    };
    auto ours = make_pool(), theirs = make_pool();
    for (auto& pool : {ours, theirs})
      pool->data().fill_(NAN); // what was never written must not be seen
    sequence a(ours), b(ours);
    sequence a2(theirs), b2(theirs);
    for (std::int64_t rows : {70, 1, 33}) {
      for (auto* grown : {&a, &b, &a2, &b2})
        grown->extend(grown == &b || grown == &b2 ? 1 : rows);
      auto qkv = at::randn({rows + 1, width}).to(GetParam().activations);
      const block_tables tables({{0, 1, b.length(), b.blocks()}, {1, rows, a.length(), a.blocks()}}, at::kCPU);
      const block_tables tables2({{0, 1, b2.length(), b2.blocks()}, {1, rows, a2.length(), a2.blocks()}}, at::kCPU);
      expect_close(rope_store_attend(qkv, tables, cos, sin, shape, ours->data(), 1),
                   aten::rope_store_attend(qkv, tables2, cos, sin, shape, theirs->data(), 1));
      for (auto* grown : {&a, &b, &a2, &b2})
        grown->advance(grown == &b || grown == &b2 ? 1 : rows);
    }
  }
}

TEST_P(layer_ops, a_row_does_not_depend_on_its_company) {
  const attention_shape shape{14, 2, 64};
  const auto width = (shape.heads + 2 * shape.kv_heads) * shape.dim;
  auto angles = at::rand({300, shape.dim / 2}) * 6;
  auto cos = angles.cos(), sin = angles.sin();
  auto pool = std::make_shared<block_pool>(block_shape{1, shape.kv_heads, shape.dim, GetParam().cache}, 20, at::kCPU);
  auto qkv = at::randn({100, width}).to(GetParam().activations);
  const auto fed_in = [&](std::int64_t chunk) {
    sequence one(pool);
    std::vector<at::Tensor> out;
    for (std::int64_t row = 0; row < 100; row += chunk) {
      const auto rows = std::min(chunk, 100 - row);
      one.extend(rows);
      const block_tables tables({{0, rows, one.length(), one.blocks()}}, at::kCPU);
      out.push_back(rope_store_attend(qkv.narrow(0, row, rows), tables, cos, sin, shape, pool->data(), 0));
      one.advance(rows);
    }
    return at::cat(out);
  };
  const auto whole = fed_in(100);
  for (std::int64_t chunk : {1, 3, 32, 64})
    EXPECT_TRUE(at::equal(whole, fed_in(chunk))) << chunk;
}

INSTANTIATE_TEST_SUITE_P(types, layer_ops,
                         testing::Values(types{at::kFloat, at::kFloat}, types{at::kFloat, at::kBFloat16},
                                         types{at::kBFloat16, at::kFloat}, types{at::kBFloat16, at::kBFloat16}));

} // namespace
