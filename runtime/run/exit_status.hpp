// What the programs tell the shell.
#pragma once

namespace avp {

/// The exit statuses of avp-run, beside bad_arguments (transport/program_arguments.hpp) where nothing was run.
enum exit_status : int {
  all_done = 0,
  some_failed = 1, ///< Tasks failed, or the run ended early.
  was_interrupted = 130,
};

} // namespace avp
