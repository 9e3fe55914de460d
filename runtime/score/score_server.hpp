// What scorer_process speaks to.
#pragma once

namespace avp {

/// Reads pairs from standard input, one line of JSON each, and writes their scores to standard output, until the input
/// ends or whoever started this process dies. A crash ends it.
void serve_scores();

} // namespace avp
