// What is asked of a device, whatever it is.
#pragma once

#include <variant>

#include "gpu/device_observer.hpp"
#include "gpu/request.hpp"

namespace avp {

using request_work = std::variant<think, generate, join, rebuild, adopt, score_next, project>;

/// What all kinds have in common.
[[nodiscard]] const request& common_of(const request_work& work);

/// The record of a request that is submitted now.
[[nodiscard]] request_record record_of(const request_work& work);

} // namespace avp
