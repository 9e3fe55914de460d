// A pipeline at one size of its sweep.
#pragma once

#include <cstdint>

#include "runtime/pipeline/pipeline.hpp"

namespace avp {

/// How many copies of its `repeat` the sweep makes at size n; 0 or less where n is less than the other agents are.
[[nodiscard]] std::int64_t copies_at(const pipeline& p, std::int64_t n);

/// The pipeline with as many copies of the repeated agent as size n asks for, called NAME_1, NAME_2, …; `{{earlier}}`
/// is expanded. `p` has a sweep and has been checked.
[[nodiscard]] pipeline at_size(const pipeline& p, std::int64_t n);

} // namespace avp
