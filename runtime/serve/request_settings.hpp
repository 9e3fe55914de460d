// The part of a request that both endpoints share; used inside the room only.
#pragma once

#include "runtime/serve/api_request.hpp"
#include "runtime/serve/request_fields.hpp"

namespace avp {

/// Reads model, settings, stream and `avp`. Throws request_refused, also for what this engine can't do.
void read_settings(const request_fields& fields, api_request& request);

} // namespace avp
