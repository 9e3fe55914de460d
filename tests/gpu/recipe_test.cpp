// The canonical encoding of recipes.
#include <functional>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/recipe.hpp"

namespace {

using avp::recipe;
using testing::HasSubstr;

recipe hop(std::vector<std::int32_t> prompt, int latent_steps = 0) {
  recipe made;
  made.weights_digest = "ab";
  made.numerics = "bfloat16";
  made.prompt = std::move(prompt);
  made.latent_steps = latent_steps;
  return made;
}

std::shared_ptr<const recipe> no_parent(const std::string& /*id*/) { return nullptr; }

TEST(recipe, has_one_encoding) {
  const auto one = hop({1, 2}, 3);
  EXPECT_EQ(one.encode(),
            R"({"generated":[],"imported":"","imported_tokens":0,"latent_steps":3,"numerics":"bfloat16","parents":[],)"
            R"("prompt":[1,2],"rotated":true,"seed":0,"spans":[],"version":1,"weights":"ab"})");
  EXPECT_EQ(one.id().size(), 64U);
}

TEST(recipe, everything_in_it_changes_its_id) {
  std::vector<recipe> all(15);
  all[1].weights_digest = "ab";
  all[2].numerics = "bfloat16";
  all[3].parents = {std::make_shared<recipe>(all[0])};
  all[4].prompt = {1};
  all[5].generated = {1};
  all[6].latent_steps = 1;
  all[7].seed = 1;
  all[8].imported = "x";
  all[9].imported_tokens = 1;
  all[10].spans = {{0, 0, 1}};
  all[11].rotated = false;
  all[12] = all[3];
  all[12].from_state = true;
  all[13].injected.vectors = {{1, 2}};
  all[14].injected.vectors = {{1, 3}};
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i + 1; j < all.size(); ++j)
      EXPECT_NE(all[i].id(), all[j].id()) << i << " " << j;
}

TEST(recipe, of_a_state_has_no_position_of_its_parent) {
  const auto parent = recipe::frozen(hop({1, 2}, 3));
  auto draft = hop({}, 1);
  draft.parents = {parent};
  draft.from_state = true;
  EXPECT_NO_THROW(draft.check());
  const auto made = recipe::frozen(draft);
  EXPECT_EQ(made->tokens(), 1);
  EXPECT_EQ(made->leading_parent(), nullptr);
  const auto again = recipe::decode(made->encode(), [&](const std::string& /*id*/) { return parent; });
  EXPECT_EQ(again->id(), made->id());
  EXPECT_TRUE(again->from_state);
  for (const auto& spoil : std::vector<std::function<void(recipe&)>>{
           [](recipe& one) { one.parents.clear(); }, [](recipe& one) { one.parents.push_back(one.parents.front()); },
           [](recipe& one) {
             one.spans = {{0, 0, 1}};
           },
           [](recipe& one) { one.latent_steps = 0; }, [](recipe& one) { one.prompt = {1}; }}) {
    auto spoiled = draft;
    spoil(spoiled);
    EXPECT_THROW(spoiled.check(), std::runtime_error);
  }
}

TEST(recipe, holds_vectors_exactly) {
  recipe made;
  made.injected.vectors = {{1.5F, -0.1F, 3e-42F}, {0, 1e38F, 2}};
  made.injected.source = "ab";
  made.injected.facts = {
      avp::projection_method::vocab_mediated, avp::pairing::reference, 0.7, 5, 54.1, 0.02, 3.1, 0.2, 0.1, 0.6};
  const auto text = made.encode();
  EXPECT_THAT(text, HasSubstr(R"("injected":{"dropped_mass":0.02,)"));
  const auto again = recipe::decode(text, no_parent);
  EXPECT_EQ(again->injected.vectors, made.injected.vectors);
  EXPECT_EQ(again->injected.source, "ab");
  EXPECT_EQ(again->injected.facts, made.injected.facts);
  EXPECT_EQ(again->tokens(), 2);
  const auto refused = [&](const std::string& what, const std::string& by) {
    auto changed = text;
    changed.replace(changed.find(what), what.size(), by);
    try {
      (void)recipe::decode(changed, no_parent);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string("read");
  };
  EXPECT_THAT(refused(R"("width":3)", R"("width":4)"), HasSubstr("not base64 of 4 numbers"));
  EXPECT_THAT(refused("vocab_mediated", "vocab_guessed"), HasSubstr("a method that is not known: vocab_guessed"));
  EXPECT_THAT(refused(R"("source":"ab",)", ""), HasSubstr("no recipe"));
  made.injected.vectors.push_back({1});
  EXPECT_THROW(made.check(), std::runtime_error);
}

TEST(recipe, the_order_of_parents_counts) {
  auto a = std::make_shared<recipe>(), b = std::make_shared<recipe>();
  a->latent_steps = 1;
  recipe ab, ba;
  ab.parents = {a, b};
  ba.parents = {b, a};
  EXPECT_NE(ab.id(), ba.id());
}

TEST(recipe, counts_its_positions) {
  const auto base = recipe::frozen(hop({1, 2}, 3));
  auto answer = hop({4});
  answer.parents = {base};
  answer.generated = {5, 6};
  EXPECT_EQ(answer.tokens(), 8);
  recipe joined;
  joined.parents = {base, recipe::frozen(answer)};
  joined.spans = {{0, 0, 5}, {1, 6, 8}};
  EXPECT_EQ(joined.tokens(), 7);
  recipe imported;
  imported.imported = "x";
  imported.imported_tokens = 9;
  auto after = hop({1});
  after.parents = {recipe::frozen(imported)};
  EXPECT_EQ(after.tokens(), 10);
}

TEST(recipe, a_copy_of_a_frozen_one_is_its_own) {
  const auto one = recipe::frozen(hop({1, 2}));
  EXPECT_EQ(one->id(), hop({1, 2}).id());
  auto copy = *one;
  copy.prompt.push_back(3);
  EXPECT_NE(copy.id(), one->id());
  EXPECT_EQ(copy.tokens(), 3);
  copy = *one;
  copy.latent_steps = 4;
  EXPECT_NE(copy.id(), one->id());
}

TEST(recipe, comes_back_from_its_encoding) {
  std::map<std::string, std::shared_ptr<const recipe>> known;
  const auto keep = [&](recipe made) {
    auto frozen = recipe::frozen(std::move(made));
    return known[frozen->id()] = frozen;
  };
  const auto base = keep(hop({1, 2}, 3)), other = keep(hop({7}));
  auto joined = hop({});
  joined.parents = {base, other};
  joined.spans = {{0, 1, 5}, {1, 0, 1}};
  joined.rotated = false;
  joined.generated = {9};
  joined.seed = 18446744073709551615U;
  auto imported = hop({});
  imported.imported = "cd";
  imported.imported_tokens = 4;
  for (const auto& made : {hop({1, 2}, 3), joined, imported}) {
    const auto back = recipe::decode(made.encode(), [&](const std::string& id) { return known.at(id); });
    EXPECT_EQ(back->encode(), made.encode());
    EXPECT_EQ(back->id(), made.id());
    EXPECT_EQ(back->spans, made.spans);
    EXPECT_EQ(back->tokens(), made.tokens());
  }
}

// What is said of a text that is no recipe.
std::string refusal(const std::string& text) {
  try {
    (void)recipe::decode(text, no_parent);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "it was taken";
}

TEST(recipe, what_is_no_recipe_is_refused) {
  EXPECT_THAT(refusal("{"), HasSubstr("this is no recipe"));
  EXPECT_THAT(refusal("[]"), HasSubstr("this is no recipe"));
  EXPECT_THAT(refusal("{}"), HasSubstr("'weights' not found"));
  EXPECT_THAT(refusal(hop({1}).encode() + " "), HasSubstr("canonical encoding"));
  auto text = hop({1}).encode();
  EXPECT_THAT(refusal(text.replace(text.find("[1]"), 3, "[\"a\"]")), HasSubstr("this is no recipe"));
  EXPECT_THAT(refusal(hop({}, 3).encode()), HasSubstr("without a prompt"));
  EXPECT_THAT(refusal(hop({1}, -3).encode()), HasSubstr("less than nothing"));
  auto child = hop({1});
  child.parents = {recipe::frozen(hop({1}))};
  EXPECT_THAT(refusal(child.encode()), HasSubstr("is not known"));
}

// As programs wrote it before encodings had a version.
std::string without_version(const std::string& parents, const std::string& prompt) {
  return R"({"foreign":"","foreign_tokens":0,"generated":[],"latent_steps":3,"numerics":"bfloat16","parents":[)" +
         parents + R"(],"prompt":)" + prompt + R"(,"rotated":true,"seed":0,"spans":[],"weights":"ab"})";
}

TEST(recipe, of_another_version_is_refused) {
  EXPECT_EQ(
      refusal(without_version("", "[1]")),
      "this recipe has an encoding of version 0, and this program reads version 1; both sides need programs of the "
      "same version");
  auto later = hop({1}).encode();
  later.replace(later.find("\"version\":1"), 11, "\"version\":2");
  EXPECT_THAT(refusal(later), HasSubstr("has an encoding of version 2, and this program reads version 1"));
}

TEST(recipe, kept_without_a_version_is_that_of_today) {
  const auto base = recipe::decode_kept(without_version("", "[1,2]"), no_parent);
  EXPECT_EQ(base->id(), hop({1, 2}, 3).id());
  std::string asked;
  const auto child = recipe::decode_kept(without_version("\"id of then\"", "[4]"), [&](const std::string& id) {
    asked = id;
    return base;
  });
  EXPECT_EQ(asked, "id of then");
  auto expected = hop({4}, 3);
  expected.parents = {base};
  EXPECT_EQ(child->id(), expected.id());
  EXPECT_EQ(recipe::decode_kept(hop({1}).encode(), no_parent)->id(), hop({1}).id());
  EXPECT_THROW((void)recipe::decode_kept(without_version("", "[1, 2]"), no_parent), std::runtime_error);
}

TEST(recipe, spans_have_to_lie_in_their_parents) {
  const auto base = recipe::frozen(hop({1, 2, 3}));
  const auto decode = [&](const recipe& made) {
    return recipe::decode(made.encode(), [&](const std::string&) { return base; });
  };
  auto joined = hop({});
  joined.parents = {base, base};
  EXPECT_THROW((void)decode(joined), std::runtime_error);
  joined.spans = {{0, 0, 3}};
  EXPECT_NO_THROW((void)decode(joined));
  for (const avp::context_span wrong : {avp::context_span{0, 0, 4}, {2, 0, 1}, {0, 2, 2}, {0, -1, 2}}) {
    joined.spans = {wrong};
    EXPECT_THROW((void)decode(joined), std::runtime_error);
  }
}

} // namespace
