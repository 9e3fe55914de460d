// A scorer in a process of its own: that it scores, and what it costs when it does not.
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/score/scorer_process.hpp"
#include "tests/runtime/score/misbehaving_scorer.hpp"

namespace avp {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(scorer_process, scores_as_the_scorer_itself_does) {
  scorer_process scorer(scorer_program());
  EXPECT_EQ(scorer.score(score_kind::number, "so 18", "18"), 1);
  EXPECT_EQ(scorer.score(score_kind::number, "so 18", "many"), std::nullopt);
  EXPECT_EQ(scorer.score(score_kind::math, "\\boxed{\\frac{1}{2}}", "0.5"), 1);
  EXPECT_EQ(scorer.score(score_kind::f1, "the tall Eiffel Tower", "Eiffel Tower"), 0.8);
  EXPECT_EQ(scorer.score(score_kind::exact, "a\nb\t\"\\", "a\nb\t\"\\"), 1);
  EXPECT_EQ(scorer.score(score_kind::exact, "\xFF", "\xFF"), 1) << "broken text is no crash";
  EXPECT_EQ(scorer.score(score_kind::contains, std::string(1 << 19, 'x') + "Paris", "paris"), 1)
      << "more than a pipe holds";
}

TEST(scorer_process, is_one_for_all_answers_and_ends_with_its_owner) {
  pid_t process = 0;
  {
    scorer_process scorer(scorer_program());
    EXPECT_EQ(scorer.process(), 0) << "not before it is needed";
    EXPECT_EQ(scorer.score(score_kind::exact, "a", "a"), 1);
    process = scorer.process();
    EXPECT_EQ(scorer.score(score_kind::exact, "a", "b"), 0);
    EXPECT_EQ(scorer.process(), process);
  }
  EXPECT_EQ(kill(process, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST(scorer_process, starts_anew_when_it_was_killed_between_answers) {
  scorer_process scorer(scorer_program());
  EXPECT_EQ(scorer.score(score_kind::exact, "a", "a"), 1);
  kill(scorer.process(), SIGKILL);
  EXPECT_EQ(scorer.score(score_kind::exact, "b", "b"), 1);
}

TEST(scorer_process, dies_with_the_thread_that_asks) {
  pid_t process = 0;
  scorer_process scorer(scorer_program());
  std::thread([&] {
    EXPECT_EQ(scorer.score(score_kind::exact, "a", "a"), 1);
    process = scorer.process();
  }).join();
  siginfo_t gone{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(process), &gone, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(gone.si_status, SIGKILL);
}

TEST(scorer_process, that_is_missing_is_said) {
  scorer_process scorer("/nowhere/avp-score");
  EXPECT_THAT([&] { (void)scorer.score(score_kind::math, "1", "1"); },
              testing::ThrowsMessage<scorer_error>(
                  AllOf(HasSubstr("(avp-score, math)"), HasSubstr("'/nowhere/avp-score'"), HasSubstr("No such file"))));
}

class misbehaving_scorer : public testing::Test {
protected:
  static scorer_limits limits() {
    scorer_limits small;
    small.cpu = std::chrono::milliseconds(300);
    small.wall = std::chrono::seconds(30);
    return small;
  }

  std::string error_of(const std::string& answer) {
    try {
      (void)scorer_.score(score_kind::math, answer, "");
    } catch (const scorer_error& error) {
      return error.what();
    }
    return "";
  }

  std::optional<double> score() { return scorer_.score(score_kind::math, "good", ""); }

  scorer_process scorer_{test::misbehaving_scorer(), limits()};
};

TEST_F(misbehaving_scorer, costs_the_answer_that_it_dies_of_and_no_other) {
  for (const auto& [answer, told] : std::initializer_list<std::pair<std::string, std::string>>{
           {"crash", "died of SIGSEGV (Segmentation fault) on this answer"},
           {"overflow", "died of SIGSEGV (Segmentation fault) on this answer"},
           {"abort", "died of SIGABRT (Aborted) on this answer"},
           {"exit", "ended with status 3 on this answer"},
           {"close", "on this answer"},
           {"nonsense", "said what is no score"},
           {"throw", "failed on this answer: it did not like it"}}) {
    EXPECT_THAT(error_of(answer), AllOf(HasSubstr("the scorer (avp-score, math) "), HasSubstr(told))) << answer;
    EXPECT_EQ(score(), 1) << "a new process, after " << answer;
    EXPECT_EQ(score(), 2) << "which goes on";
  }
}

#if !defined(__SANITIZE_ADDRESS__) // which takes terabytes of addresses
TEST(hungry_scorer, can_have_so_much_memory) {
  scorer_limits limits;
  limits.memory = std::int64_t{512} << 20;
  scorer_process scorer(test::misbehaving_scorer(), limits);
  EXPECT_THAT([&] { (void)scorer.score(score_kind::math, "eat", ""); },
              testing::ThrowsMessage<scorer_error>(HasSubstr("died of SIGABRT"))); // of std::bad_alloc
  EXPECT_EQ(scorer.score(score_kind::math, "good", ""), 1);
}
#endif

TEST_F(misbehaving_scorer, can_have_so_much_processor_time) {
  EXPECT_THAT(error_of("hang"), HasSubstr("took more than 0.3 s of processor time and was stopped"));
  EXPECT_EQ(score(), 1);
}

TEST(slow_scorer, can_have_so_much_time) {
  scorer_limits limits;
  limits.wall = std::chrono::milliseconds(200);
  scorer_process scorer(test::misbehaving_scorer(), limits);
  EXPECT_THAT([&] { (void)scorer.score(score_kind::math, "sleep", ""); },
              testing::ThrowsMessage<scorer_error>(HasSubstr("took more than 0.2 s and was stopped")));
}

TEST_F(misbehaving_scorer, that_dies_of_an_earlier_answer_gets_this_one_once_more) {
  EXPECT_EQ(error_of("poison"), "");
  EXPECT_EQ(score(), 1) << "of a new process";
}

} // namespace
} // namespace avp
