// The canonical encoding of recipes.
#include <gtest/gtest.h>

#include <avp/gpu/recipe.hpp>

namespace {

using avp::recipe;

TEST(recipe, has_one_encoding) {
  recipe one;
  one.weights_digest = "ab";
  one.numerics = "bfloat16";
  one.prompt = {1, 2};
  one.latent_steps = 3;
  EXPECT_EQ(one.encode(), R"({"foreign":"","generated":[],"latent_steps":3,"numerics":"bfloat16","parents":[],)"
                          R"("prompt":[1,2],"seed":0,"weights":"ab"})");
  EXPECT_EQ(one.id().size(), 64U);
}

TEST(recipe, everything_in_it_changes_its_id) {
  std::vector<recipe> all(9);
  all[1].weights_digest = "ab";
  all[2].numerics = "bfloat16";
  all[3].parents = {std::make_shared<recipe>(all[0])};
  all[4].prompt = {1};
  all[5].generated = {1};
  all[6].latent_steps = 1;
  all[7].seed = 1;
  all[8].foreign = "x";
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i + 1; j < all.size(); ++j)
      EXPECT_NE(all[i].id(), all[j].id()) << i << " " << j;
}

TEST(recipe, the_order_of_parents_counts) {
  auto a = std::make_shared<recipe>(), b = std::make_shared<recipe>();
  a->latent_steps = 1;
  recipe ab, ba;
  ab.parents = {a, b};
  ba.parents = {b, a};
  EXPECT_NE(ab.id(), ba.id());
}

} // namespace
