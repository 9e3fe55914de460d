// What filters look at in each element: "attribute" and "case_sensitive".
#pragma once

#include <vector>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// A way from an element to what is looked at: the element itself, or an attribute of an attribute of it.
class element_key {
public:
  /// `attribute` is a number, or names and numbers with dots between them; nullptr or None is the element itself. With
  /// `ignore_case` strings are looked at in lower case. An undefined attribute becomes `otherwise` if there is one.
  explicit element_key(const value* attribute, bool ignore_case = false, const value* otherwise = nullptr);

  /// What is looked at in `element`.
  [[nodiscard]] value of(run& work, const value& element) const;

private:
  std::vector<value> parts_;
  bool ignore_case_;
  const value* otherwise_;
};

/// Several of them with commas between them, as sort has them: a list of what is looked at.
class element_keys {
public:
  element_keys(const value* attributes, bool ignore_case);
  [[nodiscard]] value of(run& work, const value& element) const;

private:
  std::vector<element_key> keys_;
};

} // namespace avp::jinja
