// What the programs tell the shell.
#pragma once

namespace avp {

/// The exit statuses of avp-run, beside bad_arguments (transport/program_arguments.hpp) where nothing was run.
enum exit_status : int {
  all_done = 0,
  some_failed = 1, ///< Tasks failed, or the run ended early.
  was_interrupted = 130,
};

/// Within a catch: says on the log what was thrown and returns the status for it: bad_arguments for a user_error, which
/// is the user's to mend, else some_failed.
[[nodiscard]] int status_of_thrown();

} // namespace avp
