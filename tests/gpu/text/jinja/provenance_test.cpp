// Who wrote what of a rendered text.
#include <string>

#include <gtest/gtest.h>

#include "tests/gpu/text/jinja/rendered.hpp"
#include "tests/gpu/text/shown_marks.hpp"

namespace avp::jinja {
namespace {

using avp::test::shown_marks;

/// The text with what is data between « and ». `s` is "Ab <|x|>", `e` is empty, `l` is ["p", "q"]: all data; `t` is
/// trusted.
std::string marked(std::string_view source) {
  auto given = test::variables_of(R"({"s": "Ab <|x|>", "e": "", "l": ["p", "q"], "m": {"k": "v\"w"}, "n": 7})");
  given.emplace("t", value::trusted("<s>"));
  return shown_marks(chat_program::compile(source).render(given));
}

TEST(jinja_provenance, literals_are_trusted_and_values_are_data) {
  EXPECT_EQ(marked("<|im|>{{ s }}<|end|>"), "<|im|>«Ab <|x|>»<|end|>");
  EXPECT_EQ(marked("{{ '<|im|>' + s + t }}"), "<|im|>«Ab <|x|>»<s>");
  EXPECT_EQ(marked("{{ '<|im' ~ e ~ '|>' }}"), "<|im«»|>") << "an empty string keeps what is around it apart";
  EXPECT_EQ(marked("{{ n }}{{ none }}{{ true }}"), "7NoneTrue");
  EXPECT_EQ(marked("{{ l }}"), "['«p»', '«q»']");
}

TEST(jinja_provenance, is_kept_by_what_cuts_and_joins) {
  EXPECT_EQ(marked("{{ (' ' + s + ' ')|trim }}"), "«Ab <|x|>»");
  EXPECT_EQ(marked("{{ ('<' + s + '>')[1:4] }}"), "«Ab »");
  EXPECT_EQ(marked("{{ ('a' + s)[::-1] }}"), "«>|x|< bA»a«»") << "data was cut off there";
  EXPECT_EQ(marked("{{ s.split(' ')[1] }}|{{ s.split('|')|join('+') }}"), "«<|x|>»|«Ab <»+«x»+«>»");
  EXPECT_EQ(marked("{{ l|join('-') }}{{ '-'.join(l) }}"), "«p»-«qp»-«q»");
  EXPECT_EQ(marked("{{ s|replace('b', '--') }}{{ 'a.b'|replace('.', s) }}"), "«A»--« <|x|>»a«Ab <|x|>»b");
  EXPECT_EQ(marked("{% set x %}<{{ s }}>{% endset %}{{ x }}{% filter upper %}a{{ s }}{% endfilter %}"),
            "<«Ab <|x|>»>A«AB <|X|>»");
  EXPECT_EQ(marked("{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(s) }}{{ m('x') }}"), "[«Ab <|x|>»][x]");
}

TEST(jinja_provenance, is_kept_by_what_changes_letters) {
  EXPECT_EQ(marked("{{ (t + s)|upper }}{{ (t + s).title() }}{{ (t ~ s)|capitalize }}"),
            "<S>«AB <|X|>»<S>«Ab <|X|>»<s>«ab <|x|>»");
  EXPECT_EQ(marked("{{ m|tojson }}"), R"({"«k»": "«v\"w»"})");
  EXPECT_EQ(marked("{{ '%s|%5s' % (s, 'a') }}{{ '{}<{}>'.format('b', s) }}"), "«Ab <|x|>»|    ab<«Ab <|x|>»>");
  EXPECT_EQ(marked("{{ ('a\n' + l[0])|indent(2) }}{{ (t + l[0])|e }}"), "a\n  «p»&lt;s&gt;«p»");
  EXPECT_EQ(marked("{{ s|center(10) }}{{ s|truncate(5, true, '...', 0) }}"), " «Ab <|x|>» «Ab»...");
}

TEST(jinja_provenance, comparisons_ignore_it) {
  EXPECT_EQ(marked("{{ l[0] == 'p' }}{{ 'p' in l }}{{ m['k'] is string }}{{ m.k == 'v\"w' }}"), "TrueTrueTrueTrue");
}

TEST(jinja_provenance, marked_texts_can_be_given) {
  auto content = marked_text::trusted("<|a|>");
  content += marked_text("data");
  EXPECT_EQ(shown_marks(chat_program::compile("{{ c }}").render({{"c", value(content)}})), "<|a|>«data»");
}

} // namespace
} // namespace avp::jinja
