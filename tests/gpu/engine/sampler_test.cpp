// Sampling, against probabilities worked out by hand.
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/engine/sampler.hpp"

namespace {

using avp::sampler;
using avp::sampling;

// Draws many tokens from the same logits.
std::map<int, double> shares(const sampling& settings, const std::vector<float>& logits, int draws = 20000) {
  std::map<int, double> counted;
  sampler one(settings, 1, {});
  for (int i = 0; i < draws; ++i) {
    auto copy = logits;
    counted[one.next(copy)] += 1.0 / draws;
  }
  return counted;
}

const std::vector<float> halves = {std::log(0.1F), std::log(0.5F), std::log(0.25F), std::log(0.15F)};

TEST(sampler, greedy_takes_the_first_of_the_best) {
  sampler one({.temperature = 0}, 1, {});
  std::vector<float> logits = {1, 7, 3, 7};
  EXPECT_EQ(one.next(logits), 1);
}

TEST(sampler, draws_by_probability) {
  auto counted = shares({.temperature = 1, .top_p = 1}, halves);
  EXPECT_NEAR(counted[0], 0.1, 0.01);
  EXPECT_NEAR(counted[1], 0.5, 0.015);
  EXPECT_NEAR(counted[2], 0.25, 0.015);
  EXPECT_NEAR(counted[3], 0.15, 0.01);
}

TEST(sampler, a_low_temperature_sharpens) {
  // p² normalised: 0.01, 0.25, 0.0625, 0.0225 of 0.345
  EXPECT_NEAR(shares({.temperature = 0.5F, .top_p = 1}, halves)[1], 0.25 / 0.345, 0.015);
}

TEST(sampler, top_p_keeps_the_smallest_set_that_reaches_it) {
  auto counted = shares({.temperature = 1, .top_p = 0.7F}, halves);
  EXPECT_EQ(counted.size(), 2U);
  EXPECT_NEAR(counted[1], 2.0 / 3, 0.015);
  EXPECT_EQ(shares({.temperature = 1, .top_p = 0.01F}, halves).size(), 1U);
}

TEST(sampler, top_p_looks_past_the_first_candidates_it_sorts) {
  std::vector<float> flat(1000, 0); // 256 of 1000 equal tokens are only a quarter
  auto counted = shares({.temperature = 1, .top_p = 0.9F}, flat, 50000);
  EXPECT_EQ(counted.size(), 900U);
  EXPECT_EQ(counted.rbegin()->first, 899); // equal ones by id
}

TEST(sampler, top_k_and_min_p_drop_the_rest) {
  EXPECT_EQ(shares({.temperature = 1, .top_p = 1, .top_k = 3}, halves).count(0), 0U);
  EXPECT_EQ(shares({.temperature = 1, .top_p = 1, .min_p = 0.4F}, halves).size(),
            2U); // 0.25 / 0.5 stays, 0.15 / 0.5 goes
}

TEST(sampler, of_equal_probabilities_the_larger_logit_is_the_better_one) {
  const auto almost = std::nextafter(0.5F, 0.0F); // exp of what it lacks is 1
  EXPECT_THAT(shares({.temperature = 1.5F, .top_p = 1, .top_k = 1}, {0, almost, 0.5F}, 10),
              testing::ElementsAre(testing::Pair(2, testing::DoubleNear(1, 1e-9))));
}

TEST(sampler, a_repeated_token_is_penalised) {
  const std::vector<std::int32_t> prompt = {1};
  sampler one({.temperature = 0, .repetition_penalty = 2}, 1, prompt);
  std::vector<float> logits = {3, 4, -1};
  EXPECT_EQ(one.next(logits), 0); // 4 / 2 < 3
  logits = {3, 4, -1};
  EXPECT_EQ(one.next(logits), 1); // now both are halved: 1.5 < 2
  logits = {-4, -3, -5};
  EXPECT_EQ(one.next(logits), 2); // a negative logit is multiplied: -8, -6, -5
}

TEST(sampler, a_seed_is_all_that_decides) {
  const auto draw = [](std::uint64_t seed) {
    sampler one({.temperature = 1, .top_p = 1}, seed, {});
    std::vector<std::int32_t> tokens;
    for (int i = 0; i < 50; ++i) {
      auto logits = halves;
      tokens.push_back(one.next(logits));
    }
    return tokens;
  };
  EXPECT_EQ(draw(5), draw(5));
  EXPECT_NE(draw(5), draw(6));
}

} // namespace
