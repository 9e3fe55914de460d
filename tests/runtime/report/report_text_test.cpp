// What a model wrote, made fit for a page; pictures; axes; intervals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/report/axis.hpp"
#include "runtime/report/html_text.hpp"
#include "runtime/report/svg_picture.hpp"

namespace avp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(html_escaped, nothing_ends_an_element_or_an_attribute) {
  EXPECT_EQ(html_escaped("</script><b a='1' c=\"2\">&amp;"),
            "&lt;/script&gt;&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;");
}

TEST(html_escaped, control_characters_become_pictures) {
  EXPECT_EQ(html_escaped(std::string_view("a\0b\x1b[31m\r\x7f\t\n", 12)), "a␀b␛[31m␍␡\t\n");
  EXPECT_EQ(html_escaped("\xc2\x85\xef\xbf\xbe"), "\xef\xbf\xbd\xef\xbf\xbd"); // U+0085, U+FFFE
}

TEST(html_escaped, broken_bytes_are_replaced) {
  EXPECT_EQ(html_escaped("a\xff<\xc3"), "a\xef\xbf\xbd&lt;\xef\xbf\xbd");
  EXPECT_EQ(html_escaped("\xc3(\xed\xa0\x80"), "\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(html_escaped("é→😀"), "é→😀");
}

TEST(repaired_utf8, only_what_is_broken_changes) {
  EXPECT_EQ(repaired_utf8("<é>\xf0\x9f"), "<é>\xef\xbf\xbd");
  EXPECT_EQ(repaired_utf8(""), "");
}

TEST(shortened, cuts_between_characters) {
  EXPECT_EQ(shortened("éàü", 3), "éàü");
  EXPECT_EQ(shortened("éàüö", 3), "éà…");
  EXPECT_EQ(shortened("", 3), "");
  EXPECT_EQ(shortened("\xff\xff", 5), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(svg_picture, texts_hints_and_names_are_escaped) {
  svg_picture picture(100, 50.26, "a<b", "\"c\"");
  picture.text(1, 2, "</svg><script>", "label");
  picture.rectangle(0, 0, 10, 10, "bar", "x & y");
  const auto element = picture.element();
  EXPECT_THAT(element, HasSubstr("<title>a&lt;b</title><desc>&quot;c&quot;</desc>"));
  EXPECT_THAT(element, HasSubstr("viewBox=\"0 0 100 50.3\""));
  EXPECT_THAT(element, HasSubstr("&lt;/svg&gt;&lt;script&gt;"));
  EXPECT_THAT(element, HasSubstr("<title>x &amp; y</title></rect>"));
  EXPECT_THAT(element, Not(HasSubstr("<script>")));
}

TEST(coordinate, is_never_what_svg_refuses) {
  EXPECT_EQ(coordinate(1.04), "1");
  EXPECT_EQ(coordinate(-0.01), "0");
  EXPECT_EQ(coordinate(12.25 / 0.0), "0");
}

TEST(axis, linear_ticks_begin_at_zero_and_reach_the_most) {
  EXPECT_THAT(linear_ticks(100, 4), ElementsAre(0, 50, 100));
  EXPECT_THAT(linear_ticks(483, 4), ElementsAre(0, 200, 400, 600));
  EXPECT_THAT(linear_ticks(0, 4), ElementsAre(0, 1));
  EXPECT_THAT(linear_ticks(-3, 4), ElementsAre(0, 1));
  for (const double most : {0.0013, 0.99, 7.3, 64.0, 12345678.0}) {
    const auto ticks = linear_ticks(most, 4);
    EXPECT_GE(ticks.back(), most * (1 - 1e-9)) << most;
    EXPECT_LT(ticks[ticks.size() - 2], most) << most;
    EXPECT_LE(ticks.size(), 7U) << most;
  }
}

TEST(axis, log_ticks_lie_between) {
  EXPECT_THAT(log_ticks(1, 1000), ElementsAre(1, 10, 100, 1000));
  EXPECT_THAT(log_ticks(30, 300), ElementsAre(50, 100, 200));
}

TEST(axis, short_numbers) {
  EXPECT_EQ(short_number(0), "0");
  EXPECT_EQ(short_number(0.25), "0.25");
  EXPECT_EQ(short_number(999), "999");
  EXPECT_EQ(short_number(999.7), "1k");
  EXPECT_EQ(short_number(12500), "12.5k");
  EXPECT_EQ(short_number(3e6), "3M");
}

} // namespace
} // namespace avp
