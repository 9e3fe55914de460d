// Tests of templates: what stands behind "is".
#include "gpu/text/jinja/tests.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/characters.hpp"
#include "gpu/text/jinja/compare.hpp"
#include "gpu/text/jinja/filters.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/operators.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

namespace {

using question = bool (*)(const value& what);

template <question asked>
value plain_test(run&, const value& what, const arguments& given) {
  (void)bind_unnamed("this test", given, 0, 0);
  return asked(what);
}

bool is_callable(const value& what) { return what.is_undefined() || (what.made() && what.made()->callable()); }

bool is_sequence(const value& what) {
  if (const auto* items = what.items())
    return items->kind == sequence_kind::list || items->kind == sequence_kind::tuple ||
           items->kind == sequence_kind::range;
  return what.text() || what.entries() || what.is_undefined();
}

template <std::int64_t rest>
value rest_of_two(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("this test", given, 0, 0);
  return equal(apply(work, "%", what, std::int64_t{2}), rest);
}

value is_divisible(run& work, const value& what, const arguments& given) {
  return equal(apply(work, "%", what, *bind("divisibleby", given, {"num"})[0]), std::int64_t{0});
}

template <bool (*is_of_case)(std::string_view)>
value case_test(run& work, const value& what, const arguments& given) {
  (void)bind_unnamed("this test", given, 0, 0);
  return is_of_case(shown(work, what).text());
}

template <bool wanted>
value equality(run&, const value& what, const arguments& given) {
  return equal(what, *bind_unnamed("this test", given, 1, 1)[0]) == wanted;
}

using order = bool (*)(std::partial_ordering);

template <order wanted>
value order_test(run&, const value& what, const arguments& given) {
  return wanted(compare(what, *bind_unnamed("this test", given, 1, 1)[0]));
}

value is_same(run&, const value& what, const arguments& given) {
  return what.same_as(*bind("sameas", given, {"other"})[0]);
}

value is_in(run&, const value& what, const arguments& given) { return contains(*bind("in", given, {"seq"})[0], what); }

template <function_body (*find)(std::string_view)>
value is_known(run&, const value& what, const arguments& given) {
  (void)bind_unnamed("this test", given, 0, 0);
  (void)key_hash()(what); // Python looks for it in a dict
  return what.text() && find(what.text()->text()) != nullptr;
}

constexpr bool never(const value&) { return false; }

constexpr auto all_tests = std::to_array<named_method>({
    {"defined", plain_test<[](const value& what) { return !what.is_undefined(); }>},
    {"undefined", plain_test<[](const value& what) { return what.is_undefined(); }>},
    {"none", plain_test<[](const value& what) { return what.is_none(); }>},
    {"boolean", plain_test<[](const value& what) { return what.is_bool(); }>},
    {"true", plain_test<[](const value& what) { return what.is_bool() && what.truth(); }>},
    {"false", plain_test<[](const value& what) { return what.is_bool() && !what.truth(); }>},
    {"integer", plain_test<[](const value& what) { return what.is_int(); }>},
    {"float", plain_test<[](const value& what) { return what.is_float(); }>},
    {"number", plain_test<[](const value& what) { return what.is_number(); }>},
    {"string", plain_test<[](const value& what) { return what.text() != nullptr; }>},
    {"mapping", plain_test<[](const value& what) { return what.entries() != nullptr; }>},
    {"sequence", plain_test<is_sequence>},
    {"iterable", plain_test<is_iterable>},
    {"callable", plain_test<is_callable>},
    {"escaped", plain_test<never>},
    {"odd", rest_of_two<1>},
    {"even", rest_of_two<0>},
    {"divisibleby", is_divisible},
    {"lower", case_test<is_lower_case>},
    {"upper", case_test<is_upper_case>},
    {"sameas", is_same},
    {"in", is_in},
    {"filter", is_known<find_filter>},
    {"test", is_known<find_test>},
    {"eq", equality<true>},
    {"equalto", equality<true>},
    {"==", equality<true>},
    {"ne", equality<false>},
    {"!=", equality<false>},
    {"lt", order_test<std::is_lt>},
    {"lessthan", order_test<std::is_lt>},
    {"<", order_test<std::is_lt>},
    {"le", order_test<std::is_lteq>},
    {"<=", order_test<std::is_lteq>},
    {"gt", order_test<std::is_gt>},
    {"greaterthan", order_test<std::is_gt>},
    {">", order_test<std::is_gt>},
    {"ge", order_test<std::is_gteq>},
    {">=", order_test<std::is_gteq>},
});

} // namespace

function_body find_test(std::string_view name) {
  const auto found = std::ranges::find(all_tests, name, &named_method::name);
  return found == all_tests.end() ? nullptr : found->body;
}

} // namespace avp::jinja
