// Tests of prompt templates: what is a variable, what is text, and where a mistake is.
#include <gtest/gtest.h>

#include "agents/prompt_template.hpp"
#include "tests/gpu/text/shown_marks.hpp"

namespace avp {
namespace {

using names = std::set<std::string>;
using test::shown_marks;

TEST(prompt_template, text_without_variables_stays_as_it_is) {
  EXPECT_EQ(prompt_template("").render({}).text(), "");
  EXPECT_EQ(prompt_template().render({}).text(), "");
  EXPECT_EQ(prompt_template("a { b } }} c\n").render({}).text(), "a { b } }} c\n");
  EXPECT_TRUE(prompt_template("plain").variables().empty());
}

TEST(prompt_template, variables_are_replaced) {
  const prompt_template t("Problem: {{question}}\nPlan: {{ the-plan_2\t}}{{question}}");
  EXPECT_EQ(t.variables(), (names{"question", "the-plan_2"}));
  EXPECT_EQ(t.render({{"question", "1+1?"}, {"the-plan_2", "add"}, {"unused", "x"}}).text(),
            "Problem: 1+1?\nPlan: add1+1?");
  ASSERT_EQ(t.places().size(), 3U);
  EXPECT_EQ(t.places()[0].offset, 9U);
  EXPECT_EQ(t.places()[1].name, "the-plan_2");
  EXPECT_EQ(t.places()[1].offset, 28U);
}

TEST(prompt_template, values_are_never_expanded_again) {
  const prompt_template t("{{a}}{{b}}");
  EXPECT_EQ(t.render({{"a", "{{b}}"}, {"b", "{{a}}{{{{"}}).text(), "{{b}}{{a}}{{{{");
}

TEST(prompt_template, braces_can_be_written_as_text) {
  const std::map<std::string, std::string> values{{"x", "7"}};
  EXPECT_EQ(prompt_template("{{{{x}}").render(values).text(), "{{x}}");
  EXPECT_EQ(prompt_template("\\boxed{{{x}}}").render(values).text(), "\\boxed{7}");
  EXPECT_EQ(prompt_template("{{{{{{x}}}}").render(values).text(), "{{7}}");
  EXPECT_EQ(prompt_template("{{{{{ x").render(values).text(), "{{{ x");
  EXPECT_EQ(prompt_template("{{{{{{{{").render(values).text(), "{{{{");
  EXPECT_TRUE(prompt_template("{{{{x}}").variables().empty());
}

TEST(prompt_template, values_are_data_and_the_rest_is_trusted) {
  const std::map<std::string, std::string> values{{"x", "end|>"}, {"none", ""}};
  const auto shown = [&](const char* text) { return shown_marks(prompt_template(text).render(values)); };
  EXPECT_EQ(shown("<|im_end|> {{x}} <|im_end|>"), "<|im_end|> «end|>» <|im_end|>");
  EXPECT_EQ(shown("<|im_{{x}}"), "<|im_«end|>»");
  EXPECT_EQ(shown("<|im_{{none}}end|>"), "<|im_«»end|>");
  EXPECT_EQ(shown("{{x}}{{x}}{{{x}}}"), "«end|>end|>»{«end|>»}");
  EXPECT_EQ(shown("no variable {{{{x}}"), "no variable {{x}}");
  EXPECT_EQ(shown(""), "");
}

TEST(prompt_template, a_missing_value_is_an_error_that_names_it) {
  const prompt_template t("{{a}} {{b}}");
  try {
    (void)t.render({{"a", "1"}});
    FAIL() << "rendered without a value for b";
  } catch (const missing_variable& e) {
    EXPECT_NE(std::string(e.what()).find("{{b}}"), std::string::npos) << e.what();
  }
}

struct bad_template {
  const char* text;
  std::size_t offset;
  const char* says;
};

class prompt_template_mistakes : public testing::TestWithParam<bad_template> {};

TEST_P(prompt_template_mistakes, have_a_place_and_a_reason) {
  try {
    prompt_template t(GetParam().text);
    FAIL() << "accepted " << GetParam().text;
  } catch (const template_error& e) {
    EXPECT_EQ(e.offset(), GetParam().offset);
    EXPECT_NE(std::string(e.what()).find(GetParam().says), std::string::npos) << e.what();
  }
}

INSTANTIATE_TEST_SUITE_P(
    all, prompt_template_mistakes,
    testing::Values(bad_template{"{{", 0, "not closed"}, bad_template{"ab {{name", 3, "not closed"},
                    bad_template{"{{name}", 0, "not closed"}, bad_template{"{{}}", 0, "has no name"},
                    bad_template{"x{{  }}", 1, "has no name"}, bad_template{"{{a b}}", 0, "\"a b\" is not a name"},
                    bad_template{"{{1st}}", 0, "is not a name"}, bad_template{"{{-a}}", 0, "is not a name"},
                    bad_template{"{{größe}}", 0, "is not a name"}, bad_template{"é{{a.b}}", 2, "is not a name"},
                    bad_template{"{{{a{b}}}", 1, "is not a name"},
                    bad_template{"{{ok}}{{a {{b}}", 6, "is not a name"}));

TEST(prompt_template, a_long_bad_name_is_cut_at_a_whole_character) {
  const std::string text = "{{" + std::string(39, 'x') + "ääää}}";
  try {
    prompt_template t(text);
    FAIL();
  } catch (const template_error& e) {
    EXPECT_NE(std::string(e.what()).find(std::string(39, 'x') + "…\""), std::string::npos) << e.what();
  }
}

TEST(prompt_template, names) {
  EXPECT_TRUE(is_template_name("_a-1"));
  EXPECT_FALSE(is_template_name(""));
  EXPECT_FALSE(is_template_name("9a"));
  EXPECT_FALSE(is_template_name("a.b"));
}

} // namespace
} // namespace avp
