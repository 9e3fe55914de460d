// Texts in the form in which they are compared.
#include "runtime/score/text_match.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "agents/text/unicode.hpp"

namespace avp {
namespace {

std::u32string without_outer_blanks(std::string_view text) {
  const auto points = code_points(composed(text));
  const auto begin = std::find_if_not(points.begin(), points.end(), is_blank_point);
  const auto end = std::find_if_not(points.rbegin(), std::make_reverse_iterator(begin), is_blank_point).base();
  return {begin, end};
}

std::u32string with_single_blanks(std::string_view text) {
  std::u32string result;
  for (const auto point : code_points(case_folded(text)))
    if (!is_blank_point(point))
      result += point;
    else if (!result.empty() && result.back() != U' ')
      result += U' ';
  if (result.ends_with(U' '))
    result.pop_back();
  return result;
}

} // namespace

bool same_text(std::string_view text, std::string_view other) {
  return without_outer_blanks(text) == without_outer_blanks(other);
}

bool contains_text(std::string_view text, std::string_view part) {
  const auto wanted = with_single_blanks(part);
  return !wanted.empty() && with_single_blanks(text).find(wanted) != std::u32string::npos;
}

} // namespace avp
