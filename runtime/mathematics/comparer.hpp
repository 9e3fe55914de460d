// Whether two formulas mean the same: the parts of the comparison share this class.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/mathematics/evaluate.hpp"
#include "runtime/mathematics/formula.hpp"

namespace avp::math {

class comparer {
public:
  /// Whether two answers mean the same. Throws too_much_work where that takes too long to find out.
  bool equal(const formula& a, const formula& b);

private:
  using formulas = std::vector<formula>;

  // compare.cpp: by what kinds the formulas are.
  bool equal_inside(const formula& a, const formula& b);
  bool equal_in_order(const formulas& a, const formulas& b);
  bool equal_in_any_order(const formulas& a, const formulas& b);
  bool equal_collections(const formula& a, const formula& b);
  bool equal_percentages(const formula& a, const formula& b);
  bool equal_quantities(const formula& a, const formula& b);
  bool equal_labelled(const formula& a, const formula& b);
  bool equal_ratios(const formula& a, const formula& b);
  bool same_shape(const formula& a, const formula& b);
  formulas elements(const formula& f);

  // compare_values.cpp: by what they come to.
  std::optional<bool> equal_values(const formula& a, const formula& b);
  std::optional<evaluated> value_of(const formula& f, unsigned sample);

  // compare_relations.cpp: equations and inequalities.
  std::optional<bool> equal_sets(const formula& a, const formula& b);
  bool equal_relations(const formula& a, const formula& b);
  bool define_the_same(const formula& of_call, const formula& of_name);
  bool equal_to_answer(const formula& relation, const formula& bare);
  std::optional<int> common_factor(const formula& a, const formula& b);

  work left_;
  int depth_ = 0;
};

/// The letters of a word, of a name, or of names side by side, small and without blanks; empty for everything else.
[[nodiscard]] std::string letters_of(const formula& f);

/// Whether two formulas are the same tree.
[[nodiscard]] bool is_same(const formula& a, const formula& b);

/// Whether the formula stands for something in equations such as `x = 5`: a variable, f(x), AB, an angle, a word.
[[nodiscard]] bool is_name(const formula& f);

} // namespace avp::math
