// What a template may not do: take too long, too much, or the stack.
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gpu/text/jinja/rendered.hpp"

namespace avp::jinja {
namespace {

using test::rendered;
using testing::HasSubstr;

std::string times(const std::string& part, std::size_t count) {
  std::string made;
  for (std::size_t i = 0; i < count; ++i)
    made += part;
  return made;
}

TEST(jinja_limits, steps_and_size) {
  EXPECT_THAT(rendered("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}"),
              HasSubstr("more than 5000000 steps"));
  EXPECT_THAT(rendered("{{ 'aaaaaaaaaa' * 1000000000 }}"), HasSubstr("at most 67108864 are allowed"));
  EXPECT_THAT(rendered("{{ 'a' * 9223372036854775807 }}"), HasSubstr("error"));
  EXPECT_THAT(
      rendered(
          "{% set ns = namespace(s='aaaaaaaa') %}{% for a in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
      HasSubstr("at most"));
  EXPECT_THAT(rendered("{{ range(100001) }}"), HasSubstr("range() has more than 100000 elements"));
  EXPECT_THAT(rendered("{{ 'a'.center(99999999999) }}{{ '%999999999d' % 1 }}"), HasSubstr("error"));
  EXPECT_THAT(rendered("{% for x in range(100) %}{{ ([0] * 100000)|length }}{% endfor %}"), HasSubstr("steps"));
  const auto program = chat_program::compile("{% for a in range(100) %}x{% endfor %}");
  EXPECT_THROW((void)program.render({}, {.steps = 50}), error);
  EXPECT_THROW((void)program.render({}, {.text_bytes = 99}), error);
  EXPECT_EQ(program.render({}, {.text_bytes = 100}).text(), times("x", 100));
}

TEST(jinja_limits, depth) {
  EXPECT_THAT(rendered("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"),
              HasSubstr("does a macro call itself for ever?"));
  EXPECT_THAT(rendered("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"), HasSubstr("levels deep"));
  EXPECT_THAT(rendered("{{ " + times("(", 5000) + "1" + times(")", 5000) + " }}"),
              HasSubstr("more than 100 levels deep"));
  EXPECT_THAT(rendered("{{ " + times("[", 5000) + times("]", 5000) + " }}"), HasSubstr("more than 100 levels deep"));
  EXPECT_THAT(rendered("{{ " + times("-", 5000) + "1 }}"), HasSubstr("more than 100 levels deep"));
  EXPECT_THAT(rendered("{{ " + times("not ", 5000) + "1 }}"), HasSubstr("more than 100 levels deep"));
  EXPECT_THAT(rendered("{{ 1" + times(" if 1 else 1", 5000) + " }}"), HasSubstr("more than 100 levels deep"));
  EXPECT_THAT(rendered("{{ 1" + times(" + 1", 5000) + " }}"), HasSubstr("more than 400 operators"));
  EXPECT_THAT(rendered("{{ x" + times(".a", 5000) + " }}"), HasSubstr("more than 400 operators"));
  EXPECT_THAT(rendered("{{ x" + times("|trim", 5000) + " }}"), HasSubstr("more than 400 operators"));
  EXPECT_THAT(rendered(times("{% if 1 %}", 5000)), HasSubstr("more than 100 levels deep"));
  EXPECT_THAT(rendered("{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = [ns.x] %}{% endfor %}"),
              HasSubstr("lists and maps lie in one another"));
  EXPECT_THAT(rendered("{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}"), HasSubstr("levels deep"));
}

TEST(jinja_limits, comparing_costs_what_it_takes) {
  // Lists that hold the one before twice: short to write, and endless to walk through.
  const std::string twice =
      "{% set ns = namespace(a=[1], b=[1]) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}"
      "{% set ns.b = [ns.b, ns.b] %}{% endfor %}";
  EXPECT_THAT(rendered(twice + "{{ ns.a == ns.b }}"), HasSubstr("steps"));
  EXPECT_THAT(rendered(twice + "{{ ns.a in [ns.b] }}"), HasSubstr("steps"));
  EXPECT_THAT(
      rendered("{% set ns = namespace(a=(1,)) %}{% for i in range(60) %}{% set ns.a = (ns.a, ns.a) %}{% endfor %}"
               "{{ {ns.a: 1} }}"),
      HasSubstr("steps"));
}

TEST(jinja_limits, looking_for_texts_takes_linear_time_or_is_counted) {
  EXPECT_EQ(rendered("{{ ('a' * 300000 ~ 'b') in 'a' * 600000 }} {{ ('a' * 600000).find('a' * 300000 ~ 'b') }}"),
            "False -1");
  EXPECT_THAT(rendered("{{ ('a' * 600000).rfind('b' ~ 'a' * 300000) }}"), HasSubstr("steps"));
  EXPECT_EQ(rendered("{{ 'a.b.c'.rfind('.') }} {{ 'a.b.c'.rsplit('.', 1) }} {{ 'abcabc'.count('bc') }}"),
            "3 ['a.b', 'c'] 2");
}

TEST(jinja_limits, things_that_hold_each_other_are_taken_apart) {
  // A sanitizer finds what is not freed, and a chain that is freed by functions that call themselves.
  EXPECT_EQ(rendered("{% set ns = namespace() %}{% set ns.x = ns %}{% macro m() %}{{ ns.x.x is defined }}{% endmacro "
                     "%}{% set ns.m = m %}{{ m() }}"),
            "True");
  EXPECT_EQ(rendered("{% set ns = namespace(p=none) %}{% for i in range(50000) %}{% set ns.p = namespace(p=ns.p) %}{% "
                     "endfor %}ok"),
            "ok");
  EXPECT_EQ(rendered("{% set ns = namespace(m=none) %}{% for i in range(50000) %}{% set p = ns.m %}{% macro m() %}{{ p "
                     "}}{% endmacro %}{% set ns.m = m %}{% endfor %}ok"),
            "ok");
  EXPECT_THAT(rendered("{% set ns = namespace(l=none) %}{% for i in range(50000) %}{% for x in [ns.l] %}{% set ns.l = "
                       "loop %}{% endfor %}{% endfor %}ok"),
              HasSubstr("lie in one another"));
}

TEST(jinja_limits, one_program_renders_on_many_threads) {
  const auto program = chat_program::compile("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + "
                                             "1 %}{{ m.role|upper }}{{ ns.n }}{% endfor %}");
  const auto given = test::variables_of(R"({"messages": [{"role": "a"}, {"role": "b"}]})");
  std::vector<std::thread> threads;
  std::vector<std::string> texts(8);
  for (auto& text : texts)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        text = program.render(given).text();
    });
  for (auto& thread : threads)
    thread.join();
  EXPECT_THAT(texts, testing::Each("A1B2"));
}

} // namespace
} // namespace avp::jinja
