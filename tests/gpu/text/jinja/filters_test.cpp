// Filters and methods of templates. What is expected is what jinja2 3.1.6 gives.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gpu/text/jinja/rendered.hpp"

namespace avp::jinja {
namespace {

using test::rendered;
using testing::HasSubstr;

std::string shown_result(const std::string& expression, std::string_view json = "{}") {
  return rendered("{{ " + expression + " }}", json);
}

TEST(jinja_filters, strings) {
  EXPECT_EQ(
      shown_result("' a '|trim, 'xax'|trim('x'), 'aBc'|upper, 'aBc'|lower, 'hello-wORLD (x'|title, 'hELLO'|capitalize"),
      "('a', 'a', 'ABC', 'abc', 'Hello-World (X', 'Hello')");
  EXPECT_EQ(
      shown_result("'aXbXc'|replace('X', '-', 1), 'abc'|replace('', '.'), 'a\\nb\\n\\nc'|indent(2), 'x'|center(5)"),
      "('a-bXc', '.a.b.c.', 'a\\n  b\\n\\n  c', '  x  ')");
  EXPECT_EQ(
      shown_result("'foo bar baz qux'|truncate(9), 'foo bar baz qux'|truncate(11), '<a>'|e ~ '', 'a b&/'|urlencode"),
      "('foo...', 'foo bar baz qux', '&lt;a&gt;', 'a%20b%26/')");
  EXPECT_EQ(shown_result("'%s-%02d'|format('a', 7), 'a b  c'|wordcount, 'abc'|reverse, 'abc'|length"),
            "('a-07', 3, 'cba', 3)");
  EXPECT_EQ(shown_result("'\u00dfx\u00e9'|upper, '\u00c9A'|lower, '\u0391\u03a3'|lower"),
            "('SSX\u00c9', '\u00e9a', '\u03b1\u03c2')");
}

TEST(jinja_filters, lists_and_maps) {
  const char* json = R"({"p": [{"n": "b", "a": 2}, {"n": "A", "a": 1}, {"n": "c"}], "l": [3, 1, 2, 1]})";
  EXPECT_EQ(shown_result("l|sort, l|sort(reverse=true), l|unique|list, l|max, l|min, l|sum, l|first, l|last", json),
            "([1, 1, 2, 3], [3, 2, 1, 1], [3, 1, 2], 3, 1, 7, 3, 1)");
  EXPECT_EQ(
      shown_result("p|map(attribute='n')|join(','), p|map(attribute='a', default=0)|list, l|map('string')|list", json),
      "('b,A,c', [2, 1, 0], ['3', '1', '2', '1'])");
  EXPECT_EQ(
      shown_result(
          "p|selectattr('a', 'defined')|map(attribute='n')|list, p|rejectattr('a')|list, l|select('gt', 1)|list", json),
      "(['b', 'A'], [{'n': 'c'}], [3, 2])");
  EXPECT_EQ(shown_result("l|batch(3, 0)|list, l|slice(3)|list, {'b': 1, 'A': 2}|dictsort, {'b': 1}|items|list", json),
            "([[3, 1, 2], [1, 0, 0]], [[3, 1], [2], [1]], [('A', 2), ('b', 1)], [('b', 1)])");
  EXPECT_EQ(
      shown_result(
          "['b', 'A', 'a']|groupby(0)|map(attribute='grouper')|list, p|sort(attribute='n')|map(attribute='n')|list",
          json),
      "(['A', 'b'], ['A', 'b', 'c'])");
  EXPECT_EQ(
      shown_result("l|list|join('-'), 'ab'|list, l|reverse|list, none|default('x', true), []|first is undefined", json),
      "('3-1-2-1', ['a', 'b'], [1, 2, 1, 3], 'x', True)");
}

TEST(jinja_filters, numbers) {
  EXPECT_EQ(
      shown_result(
          "'42'|int, '4.7'|int, 'x'|int(9), 'ff'|int(0, 16), 3.9|int, '1.5'|float, -3|abs, 2.567|round(2), 2.5|round"),
      "(42, 4, 9, 255, 3, 1.5, 3, 2.57, 2.0)");
  EXPECT_EQ(shown_result("2.1|round(0, 'ceil'), 2.19|round(1, 'floor'), 42|round, 1500|filesizeformat"),
            "(3.0, 2.1, 42, '1.5 kB')");
}

TEST(jinja_filters, tojson_is_that_of_transformers) {
  const char* json = R"({"v": {"b": [1, 2.5, null, true], "a": "\u00e9<\"'\n\u0001", "c": {}, "d": []}})";
  EXPECT_EQ(shown_result("v|tojson", json), R"({"b": [1, 2.5, null, true], "a": "é<\"'\n\u0001", "c": {}, "d": []})");
  EXPECT_EQ(shown_result("v|tojson(ensure_ascii=true, sort_keys=true, separators=(',', ':'))", json),
            R"({"a":"\u00e9<\"'\n\u0001","b":[1,2.5,null,true],"c":{},"d":[]})");
  EXPECT_EQ(shown_result("{'a': [1, {'b': 2}]}|tojson(indent=2)"),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ]\n}");
  EXPECT_THAT(shown_result("missing|tojson"),
              HasSubstr("a Undefined can't be written as JSON: 'missing' is undefined"));
}

TEST(jinja_methods, of_strings) {
  EXPECT_EQ(shown_result("'  a b '.strip(), 'xxa'.lstrip('x'), 'a,b,,c'.split(','), ' a  b '.split(), 'a b c'.split(' "
                         "', 1), 'a b c'.rsplit(none, 1)"),
            "('a b', 'a', ['a', 'b', '', 'c'], ['a', 'b'], ['a', 'b c'], ['a b', 'c'])");
  EXPECT_EQ(shown_result("'abc'.startswith('ab'), 'abc'.endswith(('x', 'bc')), 'h\u00e9h\u00e9'.find('h', 1), "
                         "'aXa'.rfind('a'), 'aaa'.count('a')"),
            "(True, True, 2, 2, 3)");
  EXPECT_EQ(shown_result("'a-b'.partition('-'), 'a'.rpartition('-'), 'x'.join(['a', 'b']), 'ab'.removeprefix('a'), "
                         "'ab'.removesuffix('b'), '7'.zfill(3)"),
            "(('a', '-', 'b'), ('', '', 'a'), 'axb', 'b', 'a', '007')");
  EXPECT_EQ(shown_result("'{} {x!r:>5} {0}'.format('a', x='b')"),
            "error: line 1, column 28: a format string has places with numbers and without");
  EXPECT_EQ(shown_result("'{} {x!r:>5} {m[k].z:.2f}'.format('a', x='b', m={'k': {'z': 1}})"), "a   'b' 1.00");
  EXPECT_EQ(shown_result("'%5.1f|%-4s|%+d|%x|%%' % (2.25, 'a', 3, 255), '%(k)s' % {'k': 1}"),
            "('  2.2|a   |+3|ff|%', '1')");
  EXPECT_EQ(shown_result(
                "'12'.isdigit(), 'a1'.isalnum(), ' '.isspace(), 'Ab'.istitle(), 'ab'.isupper(), 'l\\nm'.splitlines()"),
            "(True, True, True, True, False, ['l', 'm'])");
}

TEST(jinja_methods, that_change_their_value_are_refused) {
  EXPECT_THAT(shown_result("[1].append(2)"), HasSubstr("access to attribute 'append' of 'list' object is unsafe"));
  EXPECT_THAT(shown_result("{'a': 1}.pop('a')"), HasSubstr("access to attribute 'pop' of 'dict' object is unsafe"));
}

} // namespace
} // namespace avp::jinja
