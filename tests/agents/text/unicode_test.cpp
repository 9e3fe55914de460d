// Texts made plain, and what their code points are.
#include <gtest/gtest.h>

#include "agents/text/unicode.hpp"

namespace avp {
namespace {

TEST(unicode, plain_text_has_one_form_of_each_sign) {
  EXPECT_EQ(plain_text("\u201Ca\u201D \u2018b\u2019 \u00ABc\u00BB"), "\"a\" 'b' \"c\"");
  EXPECT_EQ(plain_text("a\u2013b\u2014c\u2212d\u2010e"), "a-b-c-d-e");
  EXPECT_EQ(plain_text("a\u00A0b\u2028c\u3000d\ne"), "a b c d\ne");
  EXPECT_EQ(plain_text("\uFF21\uFF08\uFF11\uFF09 \uFB01 \u00B2 \u2026"), "A(1) fi 2 ...");
  EXPECT_EQ(plain_text("a\u200Bb\u00ADc\uFEFFd"), "abcd");
  EXPECT_EQ(plain_text("e\u0301 \u304B\u309B"), "\u00E9 \u304C");
  EXPECT_EQ(plain_text("\xC3(\xFF"), "\uFFFD(\uFFFD");
  EXPECT_EQ(plain_text(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
  EXPECT_EQ(plain_text(""), "");
}

TEST(unicode, case_folding_knows_all_scripts) {
  EXPECT_EQ(case_folded("Stra\u00DFe \u1E9E"), "strasse ss");
  EXPECT_EQ(case_folded("\u0130I\u0131"), "ii\u0131");
  EXPECT_EQ(case_folded("\u03A3\u03C2"), "\u03C3\u03C3");
  EXPECT_EQ(case_folded("\u00C9\u0418"), "\u00E9\u0438");
}

TEST(unicode, composed_changes_nothing_else) {
  EXPECT_EQ(composed("E\u0301 \uFF21 \u201Cx\u201D \u00DF"), "\u00C9 \uFF21 \u201Cx\u201D \u00DF");
}

TEST(unicode, code_points_come_back_as_they_were) {
  const std::string text = "a\u00E9\u4E1C\U0001F600";
  EXPECT_EQ(code_points(text), U"a\u00E9\u4E1C\U0001F600");
  EXPECT_EQ(to_utf8(code_points(text)), text);
  EXPECT_EQ(code_points("a\xE4\xB8"), U"a\uFFFD\uFFFD");
}

TEST(unicode, kinds_of_code_points) {
  for (const auto point : std::u32string_view(U"aZ0_\u00E9\u0301\u4E1C\u0663"))
    EXPECT_TRUE(is_word_point(point)) << static_cast<unsigned>(point);
  for (const auto point : std::u32string_view(U"$+~-\u201C\u3002\u2014\u00BF"))
    EXPECT_TRUE(is_punctuation_point(point) && !is_word_point(point)) << static_cast<unsigned>(point);
  for (const auto point : std::u32string_view(U" \n\t\u00A0\u0085\u3000\u2029"))
    EXPECT_TRUE(is_blank_point(point)) << static_cast<unsigned>(point);
  EXPECT_FALSE(is_punctuation_point(U'\u00A3')); // pounds are no dollars
  EXPECT_FALSE(is_blank_point(U'\u200B'));
}

} // namespace
} // namespace avp
