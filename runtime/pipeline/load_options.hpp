// What the command line says about a pipeline.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agents/registry.hpp"
#include "runtime/pipeline/pipeline.hpp"

namespace avp {

/// What the command line says about a pipeline.
struct load_options {
  std::vector<kind_info> kinds;       ///< The registered agent kinds.
  std::vector<std::string> overrides; ///< `--set`: `a.b=value`, value in TOML or else a string; the last one counts.
  std::optional<std::vector<avp::mode>> modes; ///< `--mode`, in place of the file's.
  std::optional<std::string> input;            ///< `--input`, in place of the file's; `-` is standard input.
  std::optional<std::size_t> limit;            ///< `--limit`, in place of the file's.
  bool ask = false;                            ///< `--ask`: there is no input but one question.
};

} // namespace avp
