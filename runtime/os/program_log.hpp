// What a program says on standard error while it works.
#pragma once

#include <string>

namespace avp {

/// Makes spdlog's lines those of a program: "avp-run: loading model 'main'", "avp-run: warning: no report: …". Errors
/// and news need no word; they are what a line without one is. Repeated calls change nothing.
void log_as(const std::string& program);

} // namespace avp
