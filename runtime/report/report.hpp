// report.html: runs for people to read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/report/recorded_run.hpp"

namespace avp {

/// The page that shows these runs, side by side where there are several: one file without references to others.
[[nodiscard]] std::string report_html(std::vector<recorded_run> runs);

/// Reads the runs' folders and writes the page, in place of one that is there. Throws report_error when a folder holds
/// no run or the page can't be written.
void write_report(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& file);

} // namespace avp
