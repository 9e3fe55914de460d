// Statements of templates, and the white space around them. What is expected is what jinja2 3.1.6 gives.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gpu/text/jinja/rendered.hpp"

namespace avp::jinja {
namespace {

using test::rendered;
using testing::HasSubstr;

TEST(jinja_statements, loops) {
  EXPECT_EQ(rendered("{% for x in [1, 2, 3] if x != 2 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}"),
            "1/2:1 2/2:3 ");
  EXPECT_EQ(rendered("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{{ ',' if not loop.last }}{% endfor %}"),
            "a1,b2");
  EXPECT_EQ(rendered("{% for x in [] %}x{% else %}empty{% endfor %}"), "empty");
  EXPECT_EQ(rendered("{% for x in 'abc' %}{{ loop.previtem|d('-') }}{{ x }}{{ loop.nextitem|d('-') }} {% endfor %}"),
            "-ab abc bc- ");
  EXPECT_EQ(
      rendered(
          "{% for x in [1, 1, 2] %}{{ loop.changed(x) }}{{ loop.cycle('a', 'b') }}{{ loop.revindex }} {% endfor %}"),
      "Truea3 Falseb2 Truea1 ");
  EXPECT_EQ(rendered("{% for x in range(9) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 3 %}{% break %}{% "
                     "endif %}{{ x }}{% endfor %}"),
            "02");
  EXPECT_EQ(
      rendered(
          "{% for x in [[1, [2]], 3] recursive %}{{ loop.depth }}{{ loop(x) if x is sequence else x }};{% endfor %}"),
      "121;232;;;13;");
  EXPECT_THAT(rendered("{% for a, b in [[1]] %}{% endfor %}"), HasSubstr("2 values were expected, but 1 came"));
  EXPECT_THAT(rendered("{% for x in 1 %}{% endfor %}"), HasSubstr("a int is not iterable"));
}

TEST(jinja_statements, names_have_scopes) {
  EXPECT_EQ(rendered("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{{ x }}{% endfor %}{{ x }}"), "21");
  EXPECT_EQ(
      rendered("{% set ns = namespace(x=1) %}{% for i in [1, 2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}"),
      "4");
  EXPECT_EQ(rendered("{% if true %}{% set x = 1 %}{% endif %}{{ x }}"), "1");
  EXPECT_EQ(rendered("{% set a, b = 1, 'z' %}{{ b }}{{ a }}"), "z1");
  EXPECT_EQ(rendered("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}"), "3");
  EXPECT_EQ(rendered("{% set x | upper %}a{{ 1 }}{% endset %}{{ x }}"), "A1");
  EXPECT_THAT(rendered("{% set x.y = 1 %}"), HasSubstr("only an attribute of a namespace"));
  EXPECT_THAT(rendered("{% set ns = namespace() %}{% set ns._x = 1 %}"), HasSubstr("can't begin with \"_\""));
}

TEST(jinja_statements, macros) {
  EXPECT_EQ(rendered("{% macro m(a, b='d') %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}|{{ m(1, "
                     "2, 3, q=4) }}"),
            "1d(){}|12(3,){'q': 4}");
  EXPECT_EQ(rendered("{% macro m() %}<{{ caller(1) }}>{% endmacro %}{% call(x) m() %}{{ x + 1 }}{% endcall %}"), "<2>");
  EXPECT_EQ(rendered("{% macro f(n) %}{{ n }}{{ f(n - 1) if n }}{% endmacro %}{{ f(3) }}"), "3210");
  EXPECT_EQ(rendered("{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}"), "1");
  EXPECT_EQ(rendered("{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m() }}"), "[]");
  EXPECT_THAT(rendered("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}"),
              HasSubstr("the macro \"m\" takes at most 1 arguments, but 2 came"));
  EXPECT_THAT(rendered("{% macro m(a) %}{% endmacro %}{{ m(b=2) }}"), HasSubstr("has no parameter \"b\""));
}

TEST(jinja_statements, blocks_without_names_of_their_own) {
  EXPECT_EQ(rendered("{% filter upper | trim %} a{{ 'b' }} {% endfilter %}"), "AB");
  EXPECT_EQ(rendered("{% generation %}a{% set x = 1 %}{% endgeneration %}{{ x }}"), "a");
  EXPECT_EQ(rendered("{% raw %}{{ x }}{% if %}{% endraw %}"), "{{ x }}{% if %}");
  EXPECT_EQ(rendered("{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}{# no #}{% print 1, 2 %}"), "b12");
}

TEST(jinja_statements, white_space_is_cut_as_transformers_has_it_cut) {
  EXPECT_EQ(rendered("a\n  {% if true %}  \n b\n  {% endif %}\nc\n"), "a\n  \n b\nc");
  EXPECT_EQ(rendered("a \n {%- if true -%} \n b \n {%- endif -%} \n c"), "abc");
  EXPECT_EQ(rendered("a\n  {%+ if true %}x{% endif +%}\nb"), "a\n  x\nb");
  EXPECT_EQ(rendered("a  {{- 1 -}}  b {{ 2 }}\n c"), "a1b 2\n c");
  EXPECT_EQ(rendered("  {# c #}\n  x {#- d -#} \n y"), "  xy");
  EXPECT_EQ(rendered("a\r\nb\rc\r\n"), "a\nb\nc");
  EXPECT_EQ(rendered("a\n\n"), "a\n") << "only one line feed at the end is not kept";
  EXPECT_EQ(rendered("  {% raw %}\n {{ a }} \n  {% endraw %}\nb"), "\n {{ a }} \nb");
}

TEST(jinja_statements, mistakes_say_where_they_are) {
  EXPECT_EQ(rendered("a\n{% if x %}\n b"),
            "error: line 2, column 4: this block never ends: \"{% endif %}\" is missing");
  EXPECT_EQ(rendered("a {{ 1 + }}"), "error: line 1, column 10: expected a value, but there is \"}}\"");
  EXPECT_EQ(rendered("{{ 'a }}"), "error: line 1, column 4: a string begins here and never ends");
  EXPECT_EQ(rendered("{{ (1] }}"), "error: line 1, column 6: unexpected \"]\", expected \")\"");
  EXPECT_EQ(rendered("\n {% include 'x' %}"),
            "error: line 2, column 5: \"include\" is not allowed in a chat template, which is one text");
  EXPECT_EQ(rendered("{% frob %}"), "error: line 1, column 4: there is no tag \"frob\" here");
  EXPECT_EQ(rendered("{% break %}"), "error: line 1, column 4: \"break\" stands outside of a loop");
  EXPECT_EQ(rendered("x\n\n  {{ raise_exception('no ' ~ 'way') }}"), "error: line 3, column 21: no way");
  EXPECT_EQ(rendered("{{ a ! b }}"), "error: line 1, column 6: the character \"!\" has no meaning in a tag");
}

TEST(jinja_statements, the_date_is_the_callers) {
  const auto source = chat_program::compile(
      "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}26 Jul 2024{% endif %}");
  EXPECT_EQ(source.render({}).text(), "26 Jul 2024");
  std::tm today{};
  today.tm_year = 125;
  today.tm_mon = 2;
  today.tm_mday = 9;
  EXPECT_EQ(source.render({{"strftime_now", strftime_function(today)}}).text(), "09 Mar 2025");
}

} // namespace
} // namespace avp::jinja
