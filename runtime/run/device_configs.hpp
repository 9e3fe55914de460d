// What the devices of a run are to hold.
#pragma once

#include <vector>

#include "gpu/device_config.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/plan.hpp"

namespace avp {

/// One configuration for each device, in the order of their names, with the models that some agent of some plan uses
/// and those that guess for them.
[[nodiscard]] std::vector<device_config> device_configs(const pipeline& pipeline, const std::vector<plan>& plans);

} // namespace avp
