// The tables of the families: names, shapes and choices.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/model/family/families.hpp"
#include "gpu/model/model_error.hpp"
#include "tests/gpu/model/tiny_model.hpp"

namespace {

using namespace avp;
using testing::ElementsAre;

TEST(families, each_is_found_by_both_of_its_names) {
  for (const auto& family : families()) {
    EXPECT_EQ(family_of_architecture(family.architecture), family.architecture.empty() ? nullptr : &family);
    EXPECT_EQ(family_of_model_type(family.model_type), &family);
  }
  EXPECT_EQ(family_of_architecture("bert"), nullptr);
  EXPECT_EQ(family_of_architecture(""), nullptr);
  EXPECT_THAT(model_type_names(), testing::StartsWith("llama, mistral, qwen2"));
  EXPECT_THAT(architecture_names(), testing::StartsWith("llama, qwen2"));
  model_config config;
  config.family = "bert";
  EXPECT_THROW((void)family_of(config), model_error);
}

TEST(families, a_table_names_no_tensor_twice) {
  for (const auto& family : families()) {
    std::set<std::string> gguf;
    std::set<std::string> hugging_face;
    for (const auto& row : family.tensors) {
      EXPECT_TRUE(gguf.insert(row.gguf_name(0)).second) << row.gguf;
      EXPECT_TRUE(hugging_face.insert(row.name(0)).second) << row.hugging_face;
      EXPECT_EQ(family.renamed(row.gguf_name(11)), row.name(11));
      EXPECT_EQ(family.renamed(row.gguf_name(11, ".bias")), row.name(11, ".bias"));
      EXPECT_EQ(family.is_rotated(row.name(11)), row.rotated);
    }
  }
}

TEST(families, parts_are_stacked_in_the_order_of_the_table) {
  const auto& qwen2 = *family_of_model_type("qwen2");
  EXPECT_THAT(qwen2.names_of(weight_part::qkv, 3),
              ElementsAre("model.layers.3.self_attn.q_proj.weight", "model.layers.3.self_attn.k_proj.weight",
                          "model.layers.3.self_attn.v_proj.weight"));
  EXPECT_EQ(qwen2.name_of(weight_part::head), "lm_head.weight");
  EXPECT_THROW((void)qwen2.name_of(weight_part::qkv), std::logic_error);
}

TEST(families, shapes_follow_from_the_configuration) {
  auto config = test::tiny_shape(*family_of_model_type("llama"));
  const auto rows = family_of_model_type("llama")->rows_of(weight_part::qkv);
  EXPECT_THAT(rows.at(0).shape(config), ElementsAre(32, 32));
  EXPECT_THAT(rows.at(1).shape(config), ElementsAre(16, 32));
  EXPECT_THAT(rows.at(1).bias_shape(config), ElementsAre(16));
  EXPECT_FALSE(rows.at(1).is_biased(config));
  config = test::tiny_shape(*family_of_model_type("qwen2"));
  EXPECT_TRUE(rows.at(1).is_biased(config));
  EXPECT_FALSE(family_of_model_type("qwen2")->rows_of(weight_part::attention_output).at(0).is_biased(config));
}

TEST(families, names_that_mean_nothing_keep_their_end) {
  const auto& llama = *family_of_architecture("llama");
  EXPECT_EQ(llama.renamed("rope_freqs.weight"), "rope_freqs.weight");
  EXPECT_EQ(llama.renamed("output.bias"), "lm_head.bias");
  EXPECT_EQ(llama.renamed("blk.2.attn_q_norm.weight"), "model.layers.2.attn_q_norm.weight");
  EXPECT_EQ(llama.renamed("blk.2"), "blk.2");
  EXPECT_EQ(llama.renamed("attn_q.weight"), "attn_q.weight") << "only in layers";
  EXPECT_EQ(llama.renamed(""), "");
}

TEST(families, layers_have_the_rotation_and_the_window_that_the_configuration_says) {
  model_config config;
  config.rotary = {5000, {1, 2}};
  config.window = 7;
  EXPECT_EQ(config.rope_of(3), config.rotary);
  EXPECT_EQ(config.window_of(3), 0);
  config.windowed = {true, false, true};
  EXPECT_EQ(config.rope_of(0), config.rotary) << "where windows have no rotation of their own";
  config.window_rotary = rope{300, {}};
  config.unrotated = {false, false, true};
  EXPECT_EQ(config.rope_of(0), config.window_rotary);
  EXPECT_EQ(config.rope_of(1), config.rotary);
  EXPECT_EQ(config.rope_of(2), std::nullopt);
  EXPECT_EQ(config.window_of(0), 7);
  EXPECT_EQ(config.window_of(1), 0);
}

} // namespace
