// Projection of scores onto another model's inputs, on numbers of the AVP SDK.
#include <cmath>
#include <limits>

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/engine/loaded_model.hpp"
#include "gpu/model/projector.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/temporary_folder.hpp"

namespace avp::test {
namespace {

// A table in plain operations.
class plain_table final : public vocabulary_table {
public:
  explicit plain_table(at::Tensor table) : table_(std::move(table)) {}

  at::Tensor rows(std::span<const std::int32_t> tokens) const override {
    return table_.index_select(0, at::tensor(std::vector<std::int64_t>(tokens.begin(), tokens.end())));
  }
  at::Tensor scores(const at::Tensor& x) const override { return at::mm(x, table_.t()); }
  at::Tensor mixture(const at::Tensor& p) const override { return at::mm(p, table_); }
  at::Tensor piece(std::int64_t begin, std::int64_t count) const override { return table_.narrow(0, begin, count); }

private:
  at::Tensor table_;
};

// What the functions of the AVP SDK 0.6.2 make of this state, head and table.
class projector_test : public testing::Test {
protected:
  projector_test() {
    const auto state = at::tensor({1.0F, -2.0F, 0.5F});
    const auto head =
        at::tensor({1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 1.0F, -1.0F, 1.0F}).view({4, 3});
    const auto scores = at::mv(head, state);
    scores_.assign(scores.const_data_ptr<float>(), scores.const_data_ptr<float>() + 4);
  }

  [[nodiscard]] source_scores source(const shared_tokens& shared, double temperature = 1) const {
    return {scores_, &shared, pairing::bytes, temperature, std::sqrt(5.25)};
  }

  static void expect_embedding(const projected_input& made, float x, float y) {
    ASSERT_EQ(made.embedding.size(), 2U);
    EXPECT_NEAR(made.embedding[0], x, 1e-6);
    EXPECT_NEAR(made.embedding[1], y, 1e-6);
  }

  std::vector<float> scores_;
  plain_table table_{at::tensor({1.0F, 0.0F, 0.0F, 2.0F, -1.0F, 1.0F, 0.5F, 0.5F}).view({4, 2})};
  projector onto_{table_, 4, 1, at::kCPU};
  shared_tokens all_{true, {}}, some_{false, {{0, 2}, {3, 1}}};
};

TEST_F(projector_test, one_vocabulary_mixes_all_rows) {
  EXPECT_NEAR(onto_.target_norm(), 1.2803301, 1e-6);
  const auto made = onto_.project(std::vector{source(all_)}).front();
  expect_embedding(made, 0.8837755F, 0.9263833F);
  EXPECT_EQ(made.facts.method, projection_method::vocab_mediated);
  EXPECT_EQ(made.facts.shared_tokens, 4);
  EXPECT_NEAR(made.facts.entropy, 0.4594002, 1e-6);
  EXPECT_NEAR(made.facts.max_prob, 0.8803135, 1e-6);
  EXPECT_NEAR(made.facts.logit_gap, 0.8080530, 1e-6);
  EXPECT_NEAR(made.facts.nearest_cos_sim, 0.9997231, 1e-6);
  EXPECT_NEAR(made.facts.dropped_mass, 0, 1e-12);
  EXPECT_NEAR(made.facts.hidden_state_norm, 2.2912878, 1e-6);
}

TEST_F(projector_test, overlapping_ones_mix_the_tokens_of_both) {
  const auto made = onto_.project(std::vector{source(some_)}).front();
  expect_embedding(made, -0.0504371F, 1.2793362F);
  EXPECT_EQ(made.facts.method, projection_method::vocab_overlap);
  EXPECT_EQ(made.facts.shared_tokens, 2);
  EXPECT_NEAR(made.facts.entropy, 0.2685352, 1e-6);
  EXPECT_NEAR(made.facts.max_prob, 0.9241418, 1e-6);
  EXPECT_NEAR(made.facts.logit_gap, 2 * 0.9241418 - 1, 1e-6);
  const double sum = std::exp(1) + std::exp(-2) + std::exp(0.5) + std::exp(3.5);
  EXPECT_NEAR(made.facts.dropped_mass, (std::exp(-2) + std::exp(0.5)) / sum, 1e-9);
}

// The same model with fewer rows of padding: the rows that both have count.
TEST_F(projector_test, padding_that_one_of_them_lacks_is_left_out) {
  scores_.push_back(100);
  const auto made = onto_.project(std::vector{source(all_)}).front();
  expect_embedding(made, 0.8837755F, 0.9263833F);
  EXPECT_EQ(made.facts.shared_tokens, 4);
  EXPECT_NEAR(made.facts.dropped_mass, 1, 1e-12);
  scores_.resize(2);
  EXPECT_EQ(onto_.project(std::vector{source(all_)}).front().facts.shared_tokens, 2);
}

TEST_F(projector_test, temperature_flattens_the_distribution) {
  const auto cold = onto_.project(std::vector{source(all_, 0.01)}).front();
  EXPECT_NEAR(cold.facts.max_prob, 1, 1e-12);
  expect_embedding(cold, 1.2803301F / std::sqrt(2.0F), 1.2803301F / std::sqrt(2.0F));
  EXPECT_NEAR(cold.facts.nearest_cos_sim, 1, 1e-6);
  EXPECT_NEAR(onto_.project(std::vector{source(all_, 1e6)}).front().facts.entropy, std::log(4.0), 1e-6);
}

TEST_F(projector_test, shared_tokens_far_below_the_others_still_make_a_distribution) {
  scores_ = {-2000, 3000, 3000, -2001};
  const auto made = onto_.project(std::vector{source(some_)}).front();
  EXPECT_NEAR(made.facts.max_prob, 1 / (1 + std::exp(-1.0)), 1e-9);
  EXPECT_EQ(made.facts.dropped_mass, 1);
}

TEST_F(projector_test, embeddings_are_as_the_model_is_fed) {
  const projector scaled(table_, 4, 25.3, at::kCPU);
  const auto plain = onto_.project(std::vector{source(all_)}).front(),
             made = scaled.project(std::vector{source(all_)}).front();
  EXPECT_NEAR(scaled.target_norm(), 25.3 * onto_.target_norm(), 1e-5);
  EXPECT_NEAR(made.embedding[0], 25.3 * plain.embedding[0], 1e-5);
  EXPECT_NEAR(made.embedding[1], 25.3 * plain.embedding[1], 1e-5);
  EXPECT_NEAR(made.facts.nearest_cos_sim, plain.facts.nearest_cos_sim, 1e-6);
}

// Every weight format, its own table and kernels; and one gets the same bits alone and in company.
class projector_formats : public testing::TestWithParam<weight_format> {};

TEST_P(projector_formats, mix_their_own_tables) {
  const c10::InferenceMode no_gradients;
  const temporary_folder folder;
  const auto gguf = runnable_gguf();
  const auto model = load_model(write_model(gguf, folder.path() / "tiny.gguf", GetParam()), at::kCPU);
  const auto exact = load_model(write_model(gguf, folder.path() / "exact.gguf"), at::kCPU);
  const shared_tokens all{true, {}};
  std::vector<std::vector<float>> scores(5, std::vector<float>(258));
  std::vector<source_scores> sources;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::size_t row = 0; row < scores[i].size(); ++row)
      scores[i][row] = 100 * std::sin(static_cast<float>(3 * row + 7 * i)); // so that rows do not cancel each other
    sources.push_back({scores[i], &all});
  }
  const auto onto = model->network.projector_onto(), reference = exact->network.projector_onto();
  const auto together = onto.project(sources);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto alone = onto.project(std::span(sources).subspan(i, 1)).front();
    EXPECT_EQ(alone.embedding, together[i].embedding);
    EXPECT_EQ(alone.facts, together[i].facts);
    const auto expected = reference.project(std::span(sources).subspan(i, 1)).front();
    const auto difference = at::tensor(alone.embedding) - at::tensor(expected.embedding);
    EXPECT_LT(difference.norm().item<double>() / reference.target_norm(), 0.02);
  }
}

INSTANTIATE_TEST_SUITE_P(tables, projector_formats,
                         testing::Values(weight_format::float32, weight_format::bfloat16, weight_format::int8,
                                         weight_format::int4));

} // namespace
} // namespace avp::test
