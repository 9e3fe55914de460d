// Times as messages have them.
#include <gtest/gtest.h>

#include "agents/text/seconds_text.hpp"

namespace {

using namespace std::chrono_literals;

TEST(seconds_text, has_the_places_that_there_are) {
  EXPECT_EQ(avp::seconds_text(2s), "2 s");
  EXPECT_EQ(avp::seconds_text(250ms), "0.25 s");
  EXPECT_EQ(avp::seconds_text(100s), "100 s");
  EXPECT_EQ(avp::seconds_text(1ms), "0.001 s");
  EXPECT_EQ(avp::seconds_text(0ms), "0 s");
}

} // namespace
