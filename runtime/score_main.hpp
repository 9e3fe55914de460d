// avp-score: scores answers.
#pragma once

namespace avp {

/// Runs avp-score with these arguments. Gives its exit status: 0, 1 where an answer could not be scored, 2 for wrong
/// arguments or a folder that is no run's.
int score_main(int argc, const char* const* argv);

} // namespace avp
