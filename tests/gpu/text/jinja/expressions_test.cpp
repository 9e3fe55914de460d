// Expressions of templates: literals, operators, attributes, slices. What is expected is what jinja2 3.1.6 gives.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gpu/text/jinja/rendered.hpp"

namespace avp::jinja {
namespace {

using test::rendered;
using testing::HasSubstr;

std::string shown_value(const std::string& expression, std::string_view json = "{}") {
  return rendered("{{ " + expression + " }}", json);
}

TEST(jinja_expressions, literals) {
  EXPECT_EQ(shown_value("1_000, 0x1F, 0b11, 0o17, 1.5, 1e3, 'a' \"b\", none, True, [1, 'x',], (1,), {'a': 2,}"),
            "(1000, 31, 3, 15, 1.5, 1000.0, 'ab', None, True, [1, 'x'], (1,), {'a': 2})");
  EXPECT_EQ(shown_value(R"('\n\t\x41\u00e9\101\q\\' "it's")"), "\n\tA\u00e9A\\q\\it's");
  EXPECT_EQ(shown_value("1e20, 1e16, 123456789012345.0, 0.0001, 1e-5, 0.1 + 0.2"),
            "(1e+20, 1e+16, 123456789012345.0, 0.0001, 1e-05, 0.30000000000000004)");
}

TEST(jinja_expressions, arithmetic_is_that_of_python) {
  EXPECT_EQ(shown_value("7 // -2, -7 % 3, 7 / 2, 2 ** 10, 2 ** -1, 5.5 // 2, -5.5 % 2, 1 + True"),
            "(-4, 2, 3.5, 1024, 0.5, 2.0, 0.5, 2)");
  EXPECT_EQ(shown_value("-2 ** 2, 2 ** 3 ** 2, 1 + 2 * 3, (1 + 2) * 3, 1 ~ 2 + 3"),
            "error: line 1, column 56: \"+\" can't be used between str and int; to put texts together use \"~\"");
  EXPECT_EQ(shown_value("-2 ** 2, 2 ** 3 ** 2"), "(4, 64)") << "as jinja2 has it, not as Python has";
  EXPECT_EQ(shown_value("'ab' * 2 + 'c', [1] * 2 + [2], 3 * 'x', 'a' * -1"), "('ababc', [1, 1, 2], 'xxx', '')");
  EXPECT_EQ(shown_value("1 ~ 'a' ~ none ~ [1] ~ missing"), "1aNone[1]");
  EXPECT_THAT(shown_value("9223372036854775807 + 1"), HasSubstr("64 bits"));
  EXPECT_THAT(shown_value("1 // 0"), HasSubstr("division by zero"));
  EXPECT_THAT(shown_value("1 + 'a'"), HasSubstr("\"+\" can't be used between int and str"));
}

TEST(jinja_expressions, comparisons_and_logic) {
  EXPECT_EQ(shown_value("1 < 2 < 3, 1 < 2 > 3, 1 == 1.0 == true, 'a' < 'b', [1, 2] < [1, 3], 1 != '1'"),
            "(True, False, True, True, True, True)");
  EXPECT_EQ(shown_value("0 or 'x', 1 and 2, not 0, not 1 == 2, '' and 1, none or missing is undefined"),
            "('x', 2, True, True, '', True)");
  EXPECT_EQ(shown_value("'b' in 'abc', 2 not in [1, 3], 'k' in {'k': 1}, 1 in (1, 2), 'x' in missing"),
            "(True, True, True, True, False)");
  EXPECT_EQ(shown_value("'a' if true else 'b', 'a' if false, ('a' if false) is undefined"), "('a', Undefined, True)");
  EXPECT_THAT(shown_value("1 < 'a'"), HasSubstr("'<' is not supported between int and str"));
}

TEST(jinja_expressions, elements_and_attributes) {
  const char* json = R"({"m": {"role": "user", "items": 5, "n": {"k": [1, {"z": "deep"}]}}, "l": [1, 2, 3]})";
  EXPECT_EQ(shown_value("m.role, m['role'], m.n.k[1].z, l[0], l[-1], l.0, m.get('x', 7), m['items']", json),
            "('user', 'user', 'deep', 1, 3, 1, 7, 5)");
  EXPECT_EQ(shown_value("m.items() | list | length, m.keys() | list, l[9] is defined, m.q is defined, 'ab'[1]", json),
            "(3, ['role', 'items', 'n'], False, False, 'b')");
  EXPECT_EQ(shown_value("l[1:], l[:-1], l[::-1], l[::2], 'h\u00e9llo'[1:3], 'abc'[::-1], range(9)[2:8:3]", json),
            "([2, 3], [1, 2], [3, 2, 1], [1, 3], '\u00e9l', 'cba', range(2, 8, 3))");
}

TEST(jinja_expressions, undefined_values) {
  EXPECT_EQ(shown_value("missing"), "");
  EXPECT_EQ(shown_value("missing is defined, missing | default('d'), missing | length, missing == other"),
            "(False, 'd', 0, True)");
  EXPECT_EQ(rendered("{% for x in missing %}x{% else %}none{% endfor %}"), "none");
  EXPECT_EQ(shown_value("missing.x"), "error: line 1, column 11: 'missing' is undefined");
  EXPECT_EQ(shown_value("m.x.y", R"({"m": {}})"), "error: line 1, column 7: 'dict object' has no attribute 'x'");
  EXPECT_THAT(shown_value("missing + 1"), HasSubstr("'missing' is undefined"));
  EXPECT_THAT(shown_value("missing()"), HasSubstr("'missing' is undefined"));
}

TEST(jinja_expressions, values_are_printed_as_python_prints_them) {
  EXPECT_EQ(rendered("{{ v }}", R"({"v": [null, true, 1.0, "a'b", "\n\u00e9", {"k": ["x"]}]})"),
            "[None, True, 1.0, \"a'b\", '\\n\u00e9', {'k': ['x']}]");
  EXPECT_EQ(shown_value("[missing, 'q\"\\'']"), R"([Undefined, 'q"\''])");
  EXPECT_EQ(shown_value("{'a': 1}.items(), {'a': 1}.keys(), range(3), namespace(x=1)"),
            "(dict_items([('a', 1)]), dict_keys(['a']), range(0, 3), <Namespace {'x': 1}>)");
}

TEST(jinja_expressions, tests) {
  EXPECT_EQ(shown_value(
                "1 is odd, 2 is even, 6 is divisibleby 3, 'a' is string, 'A' is upper, [] is sequence, {} is mapping"),
            "(True, True, True, True, True, True, True)");
  EXPECT_EQ(
      shown_value("1 is number, true is number, true is integer, 1.0 is float, none is none, true is true, 0 is false"),
      "(True, True, False, True, True, True, False)");
  EXPECT_EQ(
      shown_value(
          "1 is not none, 1 is eq 1, 2 is gt(1), 'a' is in ['a'], range is callable, 'upper' is filter, 'nix' is test"),
      "(True, True, True, True, True, True, False)");
  EXPECT_EQ(shown_value("missing is iterable, 'x' is iterable, 1 is iterable, none is sameas none"),
            "(True, True, False, True)");
}

TEST(jinja_expressions, a_filter_that_is_not_there_is_only_a_mistake_where_it_is_used) {
  EXPECT_EQ(rendered("{% if false %}{{ 1|nix }}{% endif %}ok"), "ok");
  EXPECT_EQ(rendered("{{ 1|nix if false else 'ok' }}"), "ok");
  EXPECT_EQ(rendered("x{{ 1|nix }}"), "error: line 1, column 7: there is no filter \"nix\"");
  EXPECT_EQ(rendered("{% if false %}{% for x in [] %}{{ x is nix }}{% endfor %}{% endif %}"),
            "error: line 1, column 40: there is no test \"nix\"");
}

} // namespace
} // namespace avp::jinja
