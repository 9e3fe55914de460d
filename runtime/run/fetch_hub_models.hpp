// Models of the hub come before a run begins.
#pragma once

#include <vector>

#include "gpu/device_config.hpp"

namespace avp {

/// Fetches the models with a source of the hub (hf:…) that are not on this machine; how it goes on is shown on standard
/// error where the log shows information. Throws model_error.
void fetch_hub_models(const std::vector<device_config>& configs);

} // namespace avp
