// Whether a run's folder can be written.
#pragma once

#include <filesystem>

namespace avp {

/// Throws write_error where the folder of a run, or a file in it that going on with the run changes, can't be written:
/// which one, why, and what to do. SQLite says no more than that it can't open a file.
void check_write_access(const std::filesystem::path& folder);

} // namespace avp
