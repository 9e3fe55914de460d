// What config.json files of published models say, and what is refused in them.
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/config_json.hpp"
#include "gpu/model/model_error.hpp"

namespace {

using namespace avp;
using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

model_config read(const json& config) { return config_from_json(config, "config.json"); }

std::string refusal(const json& config) {
  try {
    (void)read(config);
  } catch (const model_error& error) {
    return error.what();
  }
  return "(no error)";
}

json with(json config, const json& changes) {
  config.merge_patch(changes); // null takes a key away
  return config;
}

json sizes(const std::string& model_type) {
  return {{"model_type", model_type}, {"num_hidden_layers", 4},         {"hidden_size", 96},
          {"intermediate_size", 128}, {"num_attention_heads", 4},       {"num_key_value_heads", 2},
          {"vocab_size", 300},        {"max_position_embeddings", 4096}};
}

// The text_config of google/gemma-3-4b-it, which leaves out what transformers takes anyway.
TEST(family_config, gemma3_says_little) {
  const auto config = read({{"hidden_size", 2560},
                            {"intermediate_size", 10240},
                            {"model_type", "gemma3_text"},
                            {"num_hidden_layers", 34},
                            {"rope_scaling", {{"factor", 8.0}, {"rope_type", "linear"}}},
                            {"sliding_window", 1024}});
  EXPECT_EQ(config.num_heads, 8);
  EXPECT_EQ(config.num_kv_heads, 4);
  EXPECT_EQ(config.head_dim, 256);
  EXPECT_EQ(config.vocab_size, 262208);
  EXPECT_EQ(config.max_positions, 131072);
  EXPECT_TRUE(config.tied);
  EXPECT_EQ(config.activation, gate_activation::gelu_tanh);
  EXPECT_EQ(config.window_of(4), 1024);
  EXPECT_EQ(config.window_of(5), 0);
  EXPECT_EQ(config.window_of(33), 1024);
  EXPECT_EQ(config.rope_of(4), (rope{10000, {}}));
  EXPECT_EQ(config.rope_of(5), (rope{1e6, std::vector<float>(128, 8.0F)}));
  EXPECT_DOUBLE_EQ(config.embedding_scale, std::sqrt(2560.0));
  EXPECT_DOUBLE_EQ(config.attention_scale, 1.0 / 16);
}

TEST(family_config, gemma3_may_say_more) {
  auto source = sizes("gemma3_text");
  source["sliding_window_pattern"] = 2;
  source["query_pre_attn_scalar"] = 25;
  source["rope_local_base_freq"] = 77;
  source["tie_word_embeddings"] = false;
  auto config = read(source);
  EXPECT_THAT(config.windowed, ElementsAre(true, false, true, false));
  EXPECT_DOUBLE_EQ(config.attention_scale, 0.2);
  EXPECT_EQ(config.window_rotary, (rope{77, {}}));
  EXPECT_FALSE(config.tied);
  source["layer_types"] = {"full_attention", "full_attention", "sliding_attention", "full_attention"};
  source["rope_parameters"] = {{"full_attention", {{"rope_type", "default"}, {"rope_theta", 500}}},
                               {"sliding_attention", {{"rope_type", "linear"}, {"factor", 2}, {"rope_theta", 400}}}};
  source["head_dim"] = 4;
  config = read(source);
  EXPECT_THAT(config.windowed, ElementsAre(false, false, true, false));
  EXPECT_EQ(config.rope_of(0), (rope{500, {}}));
  EXPECT_EQ(config.rope_of(2), (rope{400, {2, 2}}));
  EXPECT_THAT(refusal(with(source, {{"final_logit_softcapping", 30.0}})),
              HasSubstr("\"final_logit_softcapping\" is there; scores that are capped are not supported"));
  EXPECT_THAT(refusal(with(source, {{"attn_logit_softcapping", 50.0}})), HasSubstr("\"attn_logit_softcapping\""));
  EXPECT_THAT(refusal(with(source, {{"use_bidirectional_attention", true}})), HasSubstr("only causal attention"));
  EXPECT_THAT(refusal(with(source, {{"query_pre_attn_scalar", 0}})), HasSubstr("expected a positive number"));
  EXPECT_THAT(refusal(with(source, {{"layer_types", {"full_attention"}}})), HasSubstr("names 1 layers of 4"));
  EXPECT_THAT(refusal(with(source, {{"layer_types", {"chunked_attention"}}})),
              HasSubstr("\"layer_types\" has \"chunked_attention\""));
}

TEST(family_config, mistral_has_a_window_unless_it_says_null) {
  auto source = sizes("mistral");
  EXPECT_EQ(read(source).window_of(3), 4096);
  source["sliding_window"] = 64;
  EXPECT_EQ(read(source).window_of(0), 64);
  source["sliding_window"] = nullptr;
  EXPECT_EQ(read(source).window_of(0), 0);
  source["sliding_window"] = -1;
  EXPECT_THAT(refusal(source), HasSubstr("\"sliding_window\" is -1, expected 1 or more"));
}

TEST(family_config, qwen3_has_windows_where_they_are_used) {
  auto source = sizes("qwen3");
  EXPECT_EQ(read(source).head_dim, 128) << "whatever the hidden size is";
  source["sliding_window"] = 64;
  source["max_window_layers"] = 3;
  EXPECT_THAT(read(source).windowed, ElementsAre());
  source["use_sliding_window"] = true;
  EXPECT_THAT(read(source).windowed, ElementsAre(false, false, false, true));
  EXPECT_EQ(read(source).window, 64);
  source["attention_bias"] = true;
  EXPECT_TRUE(read(source).qkv_bias && read(source).output_bias);
}

TEST(family_config, smollm3_has_layers_without_rotation) {
  auto source = sizes("smollm3");
  EXPECT_THAT(read(source).unrotated, ElementsAre(false, false, false, true));
  EXPECT_EQ(read(source).rope_of(0), (rope{2e6, {}}));
  EXPECT_TRUE(read(source).tied);
  source["no_rope_layer_interval"] = 2;
  EXPECT_THAT(read(source).unrotated, ElementsAre(false, true, false, true));
  source["no_rope_layers"] = {1, 1, 0, 1};
  EXPECT_THAT(read(source).unrotated, ElementsAre(false, false, true, false));
  source["no_rope_layers"] = {1, 1};
  EXPECT_THAT(refusal(source), HasSubstr("\"no_rope_layers\" names 2 layers of 4"));
}

// As microsoft/Phi-4-mini-instruct and Phi-3-mini-128k-instruct ("su") have it.
// As EXAONE-4.0-32B and EXAONE-4.0-1.2B say it.
TEST(family_config, exaone4_does_not_rotate_where_it_sees_everything) {
  auto source = sizes("exaone4");
  source["sliding_window"] = 11;
  source["sliding_window_pattern"] = "LLLG";
  source["layer_types"] = {"sliding_attention", "sliding_attention", "full_attention", "full_attention"};
  auto config = read(source);
  EXPECT_THAT(config.windowed, ElementsAre(true, true, false, false));
  EXPECT_THAT(config.unrotated, ElementsAre(false, false, true, true));
  EXPECT_EQ(config.window, 11);
  EXPECT_EQ(config.rms_norm_eps, 1e-5);
  config = read(with(source, {{"layer_types", nullptr}, {"sliding_window_pattern", 2}}));
  EXPECT_THAT(config.unrotated, ElementsAre(false, true, false, true));
  source["layer_types"] = json(4, "full_attention");
  source["sliding_window"] = nullptr;
  config = read(source);
  EXPECT_TRUE(config.windowed.empty());
  EXPECT_TRUE(config.unrotated.empty());
  EXPECT_EQ(refusal(with(sizes("exaone4"), {{"sliding_window_pattern", 0}})),
            "config.json: \"sliding_window_pattern\" is 0, expected 1 or more");
}

TEST(family_config, phi3_rotates_a_part_and_takes_the_factors_of_its_longest_text) {
  auto source = sizes("phi3");
  source["original_max_position_embeddings"] = 1024;
  source["partial_rotary_factor"] = 0.75;
  source["rope_scaling"] = {{"type", "longrope"},
                            {"long_factor", {2, 2, 2, 2, 2, 2, 2, 2, 9}},
                            {"short_factor", {1, 1, 1, 1, 1, 1, 1, 1, 3}}};
  auto config = read(source);
  EXPECT_EQ(config.rotated(), 18);
  EXPECT_EQ(config.rotary.factors.back(), 9);
  EXPECT_DOUBLE_EQ(config.rotary.magnitude, std::sqrt(1 + std::log(4.0) / std::log(1024.0)));
  source["rope_scaling"]["type"] = "su";
  EXPECT_EQ(read(source).rotary, config.rotary);
  source["max_position_embeddings"] = 1024;
  config = read(source);
  EXPECT_EQ(config.rotary.factors.back(), 3);
  EXPECT_EQ(config.rotary.magnitude, 1);
  EXPECT_THAT(refusal(with(source, {{"rope_scaling", {{"short_factor", {1, 2}}}}})),
              HasSubstr("\"short_factor\" must be 9 positive numbers"));
  EXPECT_THAT(refusal(with(source, {{"partial_rotary_factor", 0.8}})), HasSubstr("makes 19 of 24 values of a head"));
  for (const double wrong : {1e300, -0.5, 0.0})
    EXPECT_THAT(refusal(with(source, {{"partial_rotary_factor", wrong}})), HasSubstr("above 0 and up to 1"));
  EXPECT_THAT(refusal(with(sizes("llama"), {{"partial_rotary_factor", 0.5}})),
              HasSubstr("a part of each head is not supported for llama models"));
}

TEST(family_config, granite_has_four_multipliers) {
  auto source = sizes("granite"); // ibm-granite/granite-3.1-2b-instruct
  source.update(json{{"embedding_multiplier", 12.0},
                     {"residual_multiplier", 0.22},
                     {"attention_multiplier", 0.015625},
                     {"logits_scaling", 8.0}});
  const auto config = read(source);
  EXPECT_EQ(config.embedding_scale, 12);
  EXPECT_EQ(config.residual_scale, 0.22);
  EXPECT_EQ(config.attention_scale, 0.015625);
  EXPECT_EQ(config.logit_divisor, 8);
  EXPECT_EQ(read(sizes("granite")).attention_scale, 1) << "as transformers takes it";
  EXPECT_THAT(refusal(with(source, {{"logits_scaling", 0}})), HasSubstr("\"logits_scaling\" is 0.000000, expected"));
}

TEST(family_config, scaled_rotations_have_the_numbers_of_transformers) {
  auto source = sizes("llama");
  source["rope_scaling"] = {{"rope_type", "yarn"}, {"factor", 4.0}, {"original_max_position_embeddings", 64}};
  auto config = read(source);
  EXPECT_DOUBLE_EQ(config.rotary.magnitude, 0.1 * std::log(4.0) + 1);
  EXPECT_EQ(config.rotary.factors.front(), 1) << "fast frequencies stay";
  EXPECT_EQ(config.rotary.factors.back(), 4) << "slow ones are divided";
  source["rope_scaling"]["attention_factor"] = 2;
  EXPECT_EQ(read(source).rotary.magnitude, 2);
  source["rope_scaling"]["beta_fast"] = 0.5;
  EXPECT_THAT(refusal(source), HasSubstr("0 < beta_slow < beta_fast"));
  source["rope_scaling"] = {{"rope_type", "dynamic"}, {"factor", 4.0}};
  EXPECT_EQ(read(source).rotary, (rope{10000, {}})) << "up to max_position_embeddings it changes nothing";
  source["rope_scaling"] = {{"rope_type", "linear"}, {"factor", 1e300}};
  EXPECT_THAT(refusal(source), HasSubstr("divided by something that is no positive number"));
}

// Two configurations that compute otherwise are two models.
TEST(family_config, hashed_fields_tell_configurations_apart) {
  const std::vector<std::pair<std::string, json>> changes{{"mistral", {{"sliding_window", 64}}},
                                                          {"qwen3", {{"attention_bias", true}}},
                                                          {"gemma3_text", {{"sliding_window", 64}}},
                                                          {"gemma3_text", {{"rope_local_base_freq", 64}}},
                                                          {"gemma3_text", {{"query_pre_attn_scalar", 3}}},
                                                          {"smollm3", {{"no_rope_layer_interval", 2}}},
                                                          {"phi3", {{"partial_rotary_factor", 0.5}}},
                                                          {"granite", {{"embedding_multiplier", 2}}},
                                                          {"granite", {{"residual_multiplier", 2}}},
                                                          {"granite", {{"attention_multiplier", 2}}},
                                                          {"granite", {{"logits_scaling", 2}}},
                                                          {"llama", {{"mlp_bias", true}}},
                                                          {"llama", {{"hidden_act", "gelu_pytorch_tanh"}}}};
  for (const auto& [family, change] : changes)
    EXPECT_NE(config_json(read(sizes(family))), config_json(read(with(sizes(family), change)))) << family << change;
}

} // namespace
