// Stop strings that come in pieces.
#include <gtest/gtest.h>

#include "gpu/engine/stop_matcher.hpp"

namespace {

using avp::stop_matcher;

std::string feed_all(stop_matcher& matcher, std::string_view text) {
  std::string out;
  for (char c : text)
    out += matcher.feed(std::string_view(&c, 1));
  return out;
}

TEST(stop_matcher, gives_everything_without_stops) {
  stop_matcher matcher({});
  EXPECT_EQ(matcher.feed("abc"), "abc");
  EXPECT_EQ(matcher.finish(), "");
  EXPECT_FALSE(matcher.stopped());
}

TEST(stop_matcher, stops_across_pieces_and_shows_nothing_of_it) {
  stop_matcher matcher({"STOP"});
  EXPECT_EQ(feed_all(matcher, "go on ST"), "go on ");
  EXPECT_EQ(matcher.feed("OP and more"), "");
  EXPECT_TRUE(matcher.stopped());
  EXPECT_EQ(matcher.feed("ignored"), "");
  EXPECT_EQ(matcher.finish(), "");
}

TEST(stop_matcher, gives_back_a_beginning_that_was_none) {
  stop_matcher matcher({"\n\n"});
  EXPECT_EQ(matcher.feed("a\n"), "a");
  EXPECT_EQ(matcher.feed("b"), "\nb");
  EXPECT_EQ(matcher.feed("c\n"), "c");
  EXPECT_EQ(matcher.finish(), "\n");
}

TEST(stop_matcher, takes_the_first_of_several) {
  stop_matcher matcher({"late", "er"});
  EXPECT_EQ(matcher.feed("better late"), "bett");
  EXPECT_TRUE(matcher.stopped());
}

TEST(stop_matcher, finds_one_inside_its_own_repetition) {
  stop_matcher matcher({"aab"});
  EXPECT_EQ(feed_all(matcher, "aaab"), "a");
  EXPECT_TRUE(matcher.stopped());
}

} // namespace
