// How a run was begun, as its folder tells it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace avp {

/// What run.json and the journal keep of how a run was begun, beside its pipeline.
struct run_origin {
  std::vector<std::string> command; ///< As it was typed, the program's name first.
  std::filesystem::path file;       ///< Of the pipeline.
  std::optional<std::string> ask;   ///< The question in place of an input.
  std::vector<std::string> changes; ///< The `--set` options.
  std::vector<std::filesystem::path> plugins;
  std::size_t concurrency = 1; ///< Tasks in flight at most.
};

} // namespace avp
