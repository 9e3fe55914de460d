// How a run tells its results.
#pragma once

#include <filesystem>
#include <optional>

namespace avp {

/// What goes to the folder, to stdout and to stderr.
struct report_options {
  bool asked = false;                          ///< One question: its answer streams to stdout, and there is no bar.
  bool json = false;                           ///< The lines of results.jsonl on stdout and nothing else there.
  bool quiet = false;                          ///< No progress and no line per task.
  bool leaves_folder = true;                   ///< Whether the results go to a folder, too.
  bool goes_on = false;                        ///< Whether `folder` holds the results of the time before.
  std::optional<std::filesystem::path> folder; ///< Which; a new one in avp-runs/ unless set.
};

} // namespace avp
