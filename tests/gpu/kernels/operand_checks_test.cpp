// What the operations of a layer say of operands that do not fit.
#include <functional>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "gpu/kernels/layer_ops.hpp"

namespace avp::test {
namespace {

std::string refusal_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "taken";
}

std::string refused_norm(at::Tensor x, const at::Tensor& y, const at::Tensor& weight, at::ScalarType to = at::kFloat) {
  return refusal_of([&] { (void)residual_rms_norm(x, y, weight, 1e-6, to); });
}

TEST(operand_checks, of_the_norm) {
  const auto x = at::ones({3, 8}), weight = at::ones({8});
  EXPECT_EQ(refused_norm(x.clone(), {}, weight), "taken");
  EXPECT_EQ(refused_norm(x.clone(), {}, at::ones({8, 1})),
            "[residual_rms_norm] weight must have 1 dimension but has 2");
  EXPECT_EQ(refused_norm(x.clone(), {}, at::ones({7})), "[residual_rms_norm] weight must be [8] but is [7]");
  EXPECT_EQ(refused_norm(x.clone(), {}, weight.to(at::kBFloat16)),
            "[residual_rms_norm] weight must be float32 but is bfloat16");
  EXPECT_EQ(refused_norm(x.clone(), {}, at::Tensor()), "[residual_rms_norm] weight must be given");
  EXPECT_EQ(refused_norm(at::ones({8}), {}, weight), "[residual_rms_norm] x must have 2 dimensions but has 1");
  EXPECT_EQ(refused_norm(x.to(at::kDouble), {}, weight), "[residual_rms_norm] x must be float32 but is Double");
  EXPECT_EQ(refused_norm(at::ones({8, 3}).t(), {}, weight),
            "[residual_rms_norm] x must be contiguous but has strides [1, 3] for sizes [3, 8]");
  EXPECT_EQ(refused_norm(x.clone(), at::ones({2, 8}), weight), "[residual_rms_norm] y must be [3, 8] but is [2, 8]");
  EXPECT_EQ(refused_norm(x.clone(), {}, weight, at::kHalf),
            "[residual_rms_norm] the result must be float32 or bfloat16 but is Half");
}

TEST(operand_checks, of_the_gate) {
  const auto refused = [](const at::Tensor& gate_up) {
    return refusal_of([&] { (void)gated(gate_up, gate_activation::silu); });
  };
  EXPECT_EQ(refused(at::ones({2, 6})), "taken");
  EXPECT_EQ(refused(at::ones({6})), "[gated] gate_up must have 2 dimensions but has 1");
  EXPECT_EQ(refused(at::ones({2, 5})), "[gated] columns of gate_up must be a multiple of 2 but is 5");
  EXPECT_EQ(refused(at::ones({2, 6}, at::kInt)), "[gated] gate_up must be float32 or bfloat16 but is Int");
}

/// Operands of attention that fit; a test spoils one of them.
struct attention_operands {
  std::vector<block_id> blocks{2, 0};
  at::Tensor qkv = at::ones({3, (4 + 2 * 2) * 6});
  at::Tensor cos = at::ones({40, 3}), sin = at::zeros({40, 3});
  attention_shape shape{4, 2, 6};
  at::Tensor cache = at::zeros({3, 2, 2, 2, block_positions * 6});
  std::int64_t layer = 1;
  std::int64_t first_position = 30;

  [[nodiscard]] std::string refused() const {
    return refusal_of([&] {
      const block_tables tables({{0, 3, first_position, blocks}}, at::kCPU);
      (void)rope_store_attend(qkv, tables, cos, sin, shape, cache, layer);
    });
  }
};

std::string refused_attention(const std::function<void(attention_operands&)>& spoil) {
  attention_operands operands;
  spoil(operands);
  return operands.refused();
}

TEST(operand_checks, of_attention) {
  const std::string begin = "[rope_store_attend] ";
  EXPECT_EQ(refused_attention([](auto&) {}), "taken");
  EXPECT_EQ(refused_attention([](auto& with) {
              with.qkv = at::ones({2, 48});
            }),
            begin + "qkv must be [3, 48] but is [2, 48]");
  EXPECT_EQ(refused_attention([](auto& with) {
              with.qkv = at::ones({3, 48}, at::kHalf);
            }),
            begin + "qkv must be float32 or bfloat16 but is Half");
  EXPECT_EQ(refused_attention([](auto& with) { with.first_position = 39; }),
            begin + "the number of positions must be at most 40 but is 42");
  EXPECT_EQ(refused_attention([](auto& with) {
              with.sin = at::ones({40, 4});
            }),
            begin + "sin must be [40, 3] but is [40, 4]");
  EXPECT_EQ(refused_attention([](auto& with) { with.cos = with.cos.to(at::kDouble); }),
            begin + "cos must be float32 but is Double");
  EXPECT_EQ(refused_attention([](auto& with) {
              with.shape = {4, 3, 6};
            }),
            begin + "the number of heads must be a multiple of 3 but is 4");
  EXPECT_EQ(refused_attention([](auto& with) { with.cache = with.cache.narrow(1, 0, 1); }),
            begin + "cache must be contiguous but has strides [1536, 768, 384, 192, 1] for sizes [3, 1, 2, 2, 192]");
  EXPECT_EQ(refused_attention([](auto& with) {
              with.cache = at::zeros({3, 2, 2, 4, block_positions * 6});
            }),
            begin + "cache must be [3, 2, 2, 2, 192] but is [3, 2, 2, 4, 192]");
  EXPECT_EQ(refused_attention([](auto& with) { with.blocks[1] = 3; }),
            begin + "the largest block must be at most 2 but is 3");
  EXPECT_EQ(refused_attention([](auto& with) { with.layer = 2; }), begin + "the layer must be at most 1 but is 2");
}

TEST(operand_checks, of_block_tables) {
  const std::vector<block_id> blocks{0, 1};
  const auto refused = [&](const std::vector<row_group>& groups) {
    return refusal_of([&] { const block_tables tables(groups, at::kCPU); });
  };
  EXPECT_EQ(refused({{0, 2, 0, blocks}, {2, 64, 0, blocks}}), "taken");
  EXPECT_EQ(refused({{0, 2, 0, blocks}, {3, 1, 0, blocks}}),
            "[block_tables] group 1 must begin with row 2 but begins with 3");
  EXPECT_EQ(refused({{0, 2, 63, blocks}}), "[block_tables] group 0 must have 3 blocks for 65 positions but has 2");
  EXPECT_EQ(refused({{0, 0, 5, blocks}}), "[block_tables] group 0 must have rows but has 0 from position 5 on");
}

TEST(block_tables, tell_the_block_of_each_row) {
  const std::vector<block_id> one{4, 9, 7}, other{1};
  const block_tables tables({{0, 3, 31, one}, {3, 1, 5, other}}, at::kCPU);
  std::vector<std::pair<std::int64_t, block_id>> rows;
  for (const auto& row : tables.rows())
    rows.emplace_back(row.position, row.block);
  EXPECT_EQ(rows, (std::vector<std::pair<std::int64_t, block_id>>{{31, 4}, {32, 9}, {33, 9}, {5, 1}}));
  EXPECT_EQ(tables.groups()[0].blocks.size(), 2U); // no more than its positions take
  EXPECT_TRUE(at::equal(tables.index_of(0, at::kCPU), at::tensor({4, 9}, at::kLong)));
  EXPECT_EQ(tables.positions(), 34);
  EXPECT_EQ(tables.largest_block(), 9);
}

} // namespace
} // namespace avp::test
