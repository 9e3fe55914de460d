// A pipeline's flow as a picture: Graphviz DOT.
#pragma once

#include <string>

#include "runtime/pipeline/plan.hpp"

namespace avp {

/// The graph of one mode: agents with kind, model, and how they join and cut contexts (the answering one with a double
/// border, those that may be left out with a dashed one), hand-overs labelled context or text. Dashed edges show where
/// an agent continues the context of one that does not hand over to it (merge "sequence").
[[nodiscard]] std::string to_dot(const pipeline& p, const plan& planned);

} // namespace avp
