// Looking through values.
#pragma once

#include <vector>

#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// Whether it can be looked through.
[[nodiscard]] bool is_iterable(const value& source);

/// Its elements: of a string its characters, of a map its keys. A generator gives those that are left, once. Each costs
/// a step. Throws fault where it has none.
[[nodiscard]] std::vector<value> elements(run& work, const value& source);

/// A generator of what `make` puts into its list. Python makes the elements when they are asked for, so where it throws
/// fault, that is thrown when the elements before are used up.
template <class Make>
[[nodiscard]] value generated(Make&& make) {
  sequence made{.kind = sequence_kind::generator};
  try {
    make(made.items);
  } catch (const limit_fault&) {
    throw;
  } catch (const fault& wrong) {
    made.failure = wrong.what();
  }
  return made;
}

/// How many elements it has; a string has characters. Throws fault where it has none.
[[nodiscard]] std::size_t length(const value& source);

/// Pairs of a map's keys and values, as tuples.
[[nodiscard]] std::vector<value> pairs(const mapping& source);

} // namespace avp::jinja
