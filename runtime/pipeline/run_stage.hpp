// One part of a run: a mode, or a point of a sweep.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "runtime/pipeline/plan.hpp"

namespace avp {

/// All records go through one stage before the next one begins.
struct run_stage {
  std::shared_ptr<const avp::pipeline> pipeline; ///< At its size, where there is a sweep.
  avp::plan plan;
  std::optional<sweep_point> point;
};

/// The stages of a pipeline in the order in which they run: one for each mode, or the series of each size of its sweep.
[[nodiscard]] std::vector<run_stage> run_stages(const pipeline& p, const std::vector<kind_info>& kinds);

} // namespace avp
