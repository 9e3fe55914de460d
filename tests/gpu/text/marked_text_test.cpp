// What is data in texts that are put together, cut and trimmed.
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "gpu/text/marked_text.hpp"
#include "gpu/text/white_space.hpp"
#include "tests/gpu/text/shown_marks.hpp"

namespace avp {
namespace {

using test::shown_marks;

marked_text trusted(const char* text) { return marked_text::trusted(text); }

TEST(marked_text, is_data_unless_it_is_said_to_be_trusted) {
  EXPECT_EQ(shown_marks("x"), "«x»");
  EXPECT_EQ(shown_marks(std::string("x\0y", 3)), std::string("«x\0y»", 7));
  EXPECT_EQ(shown_marks(std::string_view("x")), "«x»");
  EXPECT_EQ(shown_marks(""), "«»");
  EXPECT_EQ(shown_marks(trusted("x")), "x");
  EXPECT_EQ(shown_marks(marked_text()), "");
  EXPECT_TRUE(marked_text("").empty() && marked_text().empty());
  EXPECT_FALSE(marked_text("x").empty() || trusted("x").empty());
}

TEST(marked_text, keeps_marks_when_put_together) {
  EXPECT_EQ(shown_marks(trusted("a") + "b" + trusted("c") + trusted("d") + "e"), "a«b»cd«e»");
  EXPECT_EQ(shown_marks(trusted("a") + "b" + "c" + trusted("d")), "a«bc»d") << "data beside data is one";
  EXPECT_EQ(shown_marks(trusted("a") + "" + trusted("b")), "a«»b") << "data could stand there";
  EXPECT_EQ(shown_marks(trusted("a") + marked_text() + trusted("b")), "ab");
  EXPECT_EQ(shown_marks(trusted("a") + "" + "b" + "" + trusted("c")), "a«b»c");
  EXPECT_EQ(shown_marks("a" + trusted("b") + (trusted("c") + "d" + trusted("e"))), "«a»bc«d»e");
  auto twice = trusted("a") + "b" + trusted("c") + "d";
  twice += twice;
  EXPECT_EQ(shown_marks(twice), "a«b»c«d»a«b»c«d»");
  marked_text whole("a");
  whole += whole;
  EXPECT_EQ(shown_marks(whole), "«aa»");
}

TEST(marked_text, keeps_marks_when_cut) {
  const auto text = trusted("ab") + "cd" + trusted("ef") + "gh";
  EXPECT_EQ(shown_marks(text.substr(0)), "ab«cd»ef«gh»");
  EXPECT_EQ(shown_marks(text.substr(1, 2)), "b«c»");
  EXPECT_EQ(shown_marks(text.substr(3, 4)), "«d»ef«g»");
  EXPECT_EQ(shown_marks(text.substr(2, 2)), "«cd»");
  EXPECT_EQ(shown_marks(text.substr(0, 1)), "a");
  EXPECT_EQ(shown_marks(text.substr(4, 2)), "«»ef«»") << "data was cut off there";
  EXPECT_EQ(shown_marks(text.substr(7, 99)), "«h»");
  EXPECT_EQ(text.substr(8).text(), "");
  EXPECT_EQ(shown_marks((trusted("a") + "" + trusted("b")).substr(0, 2)), "a«»b");
}

TEST(marked_text, keeps_marks_when_trimmed) {
  EXPECT_EQ(shown_marks((trusted(" a ") + " b " + trusted(" c\n")).trimmed()), "a « b » c");
  EXPECT_EQ(shown_marks((trusted(" ") + "\u3000b\t" + trusted("\n")).trimmed()), "«b»");
  EXPECT_EQ(shown_marks(marked_text("b").trimmed()), "«b»");
  EXPECT_EQ(shown_marks(trusted("b").trimmed()), "b");
  EXPECT_EQ((trusted(" ") + " ").trimmed().text(), "");
  EXPECT_EQ(marked_text().trimmed(), marked_text());
}

TEST(marked_text, compares_text_and_marks) {
  EXPECT_EQ(trusted("a") + "b", trusted("a") + "b");
  EXPECT_NE(trusted("ab"), "ab");
  EXPECT_NE(trusted("a") + "b", "a" + trusted("b"));
}

TEST(white_space, is_what_python_strips) {
  EXPECT_EQ(stripped("\u00a0 \x1c hi \u2003there\u3000\n\x85"), "hi \u2003there\u3000\n\x85")
      << "a lone byte is no space";
  EXPECT_EQ(stripped("\u0085\u200b x \u200a"), "\u200b x") << "a zero width space is none";
  EXPECT_EQ(stripped(" \t\r\n\v\f"), "");
  EXPECT_EQ(stripped(""), "");
}

} // namespace
} // namespace avp
