// Lists, relations, brackets, sets and matrices.
#include <algorithm>
#include <array>
#include <utility>

#include "runtime/mathematics/formula_reader.hpp"
#include "runtime/mathematics/read.hpp"

namespace avp::math {
namespace {

struct relation_spelling {
  std::string_view text;
  char sign;
};

constexpr auto relations = std::to_array<relation_spelling>({{"=", '='},
                                                             {"<", '<'},
                                                             {">", '>'},
                                                             {"\\le", 'l'},
                                                             {"\\ge", 'g'},
                                                             {"\\ne", '!'},
                                                             {"\\approx", '~'},
                                                             {"\\equiv", '3'},
                                                             {"\\in", 'e'},
                                                             {"\\to", 't'},
                                                             {"\\rightarrow", 't'},
                                                             {"\\sim", 's'},
                                                             {"\\perp", 'p'},
                                                             {"\\parallel", 'q'}});

} // namespace

formula read_formula(std::string_view answer, const reading& how) {
  return formula_reader(tokens_of(answer, how)).answer();
}

bool formula_reader::is(std::string_view text, std::size_t ahead) const {
  const auto& next = peek(ahead);
  return (next.kind == token_kind::sign || next.kind == token_kind::command) && next.text == text;
}

bool formula_reader::take(std::string_view text) {
  if (!is(text))
    return false;
  ++at_;
  return true;
}

void formula_reader::expect(std::string_view text) {
  if (!take(text))
    throw no_formula();
}

formula formula_reader::answer() {
  while (take("=") || take(",") || take(":"))
    ; // what a copy took along
  auto result = list();
  if (peek().kind != token_kind::end)
    throw no_formula();
  return result;
}

/// What stands between two answers: a comma, "and", or both.
bool formula_reader::take_separator(std::string& joint) {
  bool found = false;
  while (true) {
    const bool word = peek().kind == token_kind::word && (peek().text == "and" || peek().text == "or");
    const bool sign = is("\\vee") || is("\\wedge") || is("\\cup");
    if (word || sign)
      joint = peek().text == "and" || peek().text == "\\wedge" ? "and" : "or";
    else if (!is(",") && !is(";"))
      return found;
    ++at_;
    found = true;
  }
}

formula formula_reader::list() {
  const depth_guard guard(depth_);
  auto result = make(node::list, ",");
  result.parts.push_back(statement());
  const auto ends = [&] {
    return peek().kind == token_kind::end || is(")") || is("]") || is("}") || is("\\}") || is("\\rangle");
  };
  while (take_separator(result.name) && !ends())
    result.parts.push_back(statement());
  if (result.parts.size() > 1)
    return result;
  auto only = std::move(result.parts.front());
  return only;
}

char formula_reader::relation_sign(std::size_t ahead) const {
  for (const auto& known : relations)
    if (is(known.text, ahead))
      return known.sign;
  return '\0';
}

formula formula_reader::statement() {
  auto first = side();
  if (relation_sign() == '\0')
    return first;
  auto result = make(node::relation, "", {std::move(first)});
  while (const char sign = relation_sign()) {
    ++at_;
    result.name += sign;
    result.parts.push_back(side());
  }
  return result;
}

formula formula_reader::side() {
  auto result = ratio();
  while (true) {
    if (is("\\cup") && peek(1).kind == token_kind::symbol && relation_sign(2) != '\0')
      return result; // x < 1 \cup x > 3: the list goes on
    const bool letter = peek().kind == token_kind::symbol && peek().text == "U";
    const auto kind = is("\\cup") || letter ? node::set_sum
                      : is("\\cap")         ? node::set_cut
                      : is("\\setminus")    ? node::set_rest
                                            : node::number;
    if (kind == node::number)
      return result;
    ++at_;
    auto next = ratio();
    if (result.kind == kind && kind != node::set_rest)
      result.parts.push_back(std::move(next));
    else
      result = make(kind, "", {std::move(result), std::move(next)});
  }
}

formula formula_reader::ratio() {
  auto first = sum();
  if (!is(":"))
    return first;
  auto result = make(node::ratio, "", {std::move(first)});
  while (take(":"))
    result.parts.push_back(sum());
  return result;
}

/// In braces of TeX, which group; around a list they were meant as those of a set.
formula formula_reader::group() {
  const auto bars = std::exchange(bars_, 0);
  if (take("}")) {
    bars_ = bars;
    return make(node::set, "");
  }
  auto result = list();
  if (take("\\choose"))
    result = make(node::function, "binom", {std::move(result), list()});
  else if (take("\\over"))
    result = make(node::quotient, "", {std::move(result), list()});
  expect("}");
  bars_ = bars;
  if (result.kind == node::list)
    result.kind = node::set;
  return result;
}

/// A tuple or an interval; with one part and brackets of one kind, brackets that only group.
formula formula_reader::bracket(std::string open) {
  const auto bars = std::exchange(bars_, 0);
  auto result = list();
  const std::string close = take(")") ? ")" : take("]") ? "]" : take("\\rangle") ? ")" : "";
  bars_ = bars;
  if (close.empty())
    throw no_formula();
  if (result.kind == node::list && result.name == ",") {
    result.kind = node::tuple;
    result.name = open + close;
  } else if (open + close != "()" && open + close != "[]") {
    throw no_formula();
  }
  return result;
}

formula formula_reader::set() {
  const auto bars = std::exchange(bars_, 1); // a bar here is "such that"
  auto result = make(node::set, "");
  if (!take("\\}")) {
    auto inside = list();
    if (take("|") || take("\\mid") || take(":")) {
      inside = list();
      result = std::move(inside); // what holds for its elements says which they are
    } else if (inside.kind == node::ratio && inside.parts.size() == 2) {
      result = std::move(inside.parts.back());
    } else if (inside.kind == node::relation) { // { x \in R : x > 3 }
      const auto colon = std::find_if(inside.parts.begin(), inside.parts.end(), [](const auto& part) {
        return part.kind == node::ratio && part.parts.size() == 2;
      });
      if (colon != inside.parts.end()) {
        inside.name.erase(0, static_cast<std::size_t>(colon - inside.parts.begin()));
        auto condition = std::move(colon->parts.back());
        *colon = std::move(condition);
        inside.parts.erase(inside.parts.begin(), colon);
        result = std::move(inside);
      } else {
        result.parts.push_back(std::move(inside));
      }
    } else if (inside.kind == node::list) {
      result.parts = std::move(inside.parts);
    } else {
      result.parts.push_back(std::move(inside));
    }
    expect("\\}");
  }
  bars_ = bars;
  return result;
}

formula formula_reader::matrix(const std::string& environment) {
  const bool fenced = environment == "vmatrix" || environment == "Vmatrix";
  auto result = make(node::matrix, fenced ? environment.substr(0, 1) : environment == "cases" ? "cases" : "");
  const auto end = "\\end{" + environment + "}";
  while (!take(end)) {
    auto row = make(node::tuple, "()");
    do
      row.parts.push_back(list());
    while (take("&"));
    result.parts.push_back(std::move(row));
    if (!take("\\\\") && !is(end))
      throw no_formula();
    take("\\hline");
  }
  return result;
}

/// What a function of several arguments takes.
std::vector<formula> formula_reader::arguments() {
  expect("(");
  const auto bars = std::exchange(bars_, 0);
  auto inside = list();
  bars_ = bars;
  expect(")");
  if (inside.kind == node::list)
    return std::move(inside.parts);
  std::vector<formula> one;
  one.push_back(std::move(inside));
  return one;
}

} // namespace avp::math
