// What is guessed for a pass, and what is not.
#include <memory>

#include "gpu/engine/prompt_lookup.hpp"
#include "gpu/engine/token_guesser.hpp"
#include "tests/gpu/engine/guesses_fixture.hpp"

namespace {

using namespace avp;
using namespace avp::test;

class token_guesser_test : public tiny_engine_test {
protected:
  static token_guesser guesser_on(const engine& on) {
    return {on.model("main").tokenizer, std::make_unique<prompt_lookup>(),
            std::make_shared<guess_pace>(cheap_rows.at("main"))};
  }
};

TEST_F(token_guesser_test, keeps_to_a_pass) {
  auto on = make();
  auto guesser = guesser_on(on);
  EXPECT_TRUE(guesser.is_new());
  const std::vector<std::int32_t> context{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, prompt{90, 1, 2};
  std::vector<std::int32_t> answer{3};
  guesser.read(context, prompt);
  EXPECT_FALSE(guesser.is_new());
  EXPECT_EQ(guesser.guess(answer, 1, 0), 0);
  for (int pass = 0; guesser.guess(answer, 1, 2) < 2 && pass < 5; ++pass) { // until it trusts itself
    EXPECT_FALSE(guesser.comes_true(answer.back() + 1)) << "its rows have not run";
    guesser.ran(at::ones({2, 8}));
    ASSERT_TRUE(guesser.comes_true(answer.back() + 1));
    EXPECT_EQ(guesser.accept().size(0), 1);
    EXPECT_EQ(guesser.end_pass(), 1);
    answer.push_back(answer.back() + 1);
  }
  const auto last = answer.back();
  EXPECT_THAT(guesser.tokens(3), testing::ElementsAre(last, last + 1, last + 2));
  guesser.ran(at::arange(3).view({3, 1}));
  EXPECT_FALSE(guesser.comes_true(last + 2));
  EXPECT_TRUE(guesser.comes_true(last + 1));
  EXPECT_EQ(guesser.accept().item<int>(), 1);
  EXPECT_TRUE(guesser.comes_true(last + 2));
  EXPECT_EQ(guesser.end_pass(), 1);
  EXPECT_EQ(guesser.count(), 0);
  EXPECT_FALSE(guesser.states().defined());
}

TEST_F(token_guesser_test, rests_for_a_pass_after_one_that_broke) {
  auto on = make();
  auto guesser = guesser_on(on);
  const std::vector<std::int32_t> prompt{1, 2, 3, 4, 1, 2}, answer{3};
  guesser.read({}, prompt);
  EXPECT_GT(guesser.guess(answer, 1, 2), 0);
  guesser.drop();
  EXPECT_EQ(guesser.count(), 0);
  EXPECT_EQ(guesser.guess(answer, 1, 2), 0);
  EXPECT_GT(guesser.guess(answer, 1, 2), 0);
}

TEST_F(token_guesser_test, guesses_no_end_of_turn) {
  auto on = make();
  auto guesser = guesser_on(on);
  const std::vector<std::int32_t> prompt{1, 2, 3, 4, 257, 6, 1, 2}, answer{3};
  guesser.read({}, prompt);
  EXPECT_EQ(guesser.guess(answer, 1, 3), 1);
  const std::vector<std::int32_t> longer{3, 4};
  (void)guesser.end_pass();
  EXPECT_EQ(guesser.guess(longer, 1, 3), 0);
}

} // namespace
