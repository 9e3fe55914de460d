// Modes, or points of a sweep.
#include "runtime/pipeline/run_stage.hpp"

#include "runtime/pipeline/sweep.hpp"

namespace avp {

// The series of one size run one after another, so that a machine that slows down slows all of them down.
std::vector<run_stage> run_stages(const pipeline& p, const std::vector<kind_info>& kinds) {
  std::vector<run_stage> stages;
  if (!p.sweep) {
    const auto whole = std::make_shared<const pipeline>(p);
    for (const auto mode : p.modes)
      stages.push_back({whole, make_plan(p, mode, kinds), std::nullopt});
    return stages;
  }
  for (const auto n : p.sweep->values) {
    const auto sized = std::make_shared<const pipeline>(at_size(p, n));
    for (const auto series : p.sweep->series)
      stages.push_back({sized, make_plan(*sized, mode_of(series), kinds), sweep_point{p.sweep->over, n, series}});
  }
  return stages;
}

} // namespace avp
