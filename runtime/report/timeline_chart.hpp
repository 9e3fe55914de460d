// When each agent worked on one task, as a picture.
#pragma once

#include <string>
#include <vector>

#include "runtime/pipeline/plan.hpp"
#include "runtime/report/request_slice.hpp"
#include "runtime/results/task_result.hpp"

namespace avp {

/// One task in one series.
struct timeline {
  std::string label;
  avp::mode mode = mode::latent;
  std::vector<std::string> agents; ///< One lane each, in this order.
  std::vector<request_slice> slices;
};

/// Slices made from how long hops took, for a run without a trace: each hop begins when the agents that the plan puts
/// before it are done, or, without a plan, when the one before it is.
[[nodiscard]] std::vector<request_slice> slices_from_hops(const task_result& result, const plan* planned);

/// The timelines of one task below each other, on one axis.
[[nodiscard]] std::string timeline_chart(const std::string& task, const std::vector<timeline>& lines);

} // namespace avp
