// The program avp-report as a function.
#pragma once

namespace avp {

/// Runs avp-report. Returns the exit status: 0 done, 1 the report could not be made, 2 bad arguments.
[[nodiscard]] int report_main(int argc, const char* const* argv);

} // namespace avp
