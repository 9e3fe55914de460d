// Loading a pipeline file: everything is checked, and all mistakes are reported at once.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/pipeline/load_options.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/text/mistake.hpp"

namespace avp {

/// A pipeline, or all mistakes that stand in its way, sorted by place.
struct load_result {
  std::optional<avp::pipeline> pipeline;
  std::vector<mistake> mistakes; ///< Empty where there is a pipeline.
  std::vector<mistake> warnings; ///< What is allowed and probably not meant, sorted by place; only with a pipeline.
};

/// Loads a pipeline from `text`. `file` names it in mistakes, and input files are looked for from its folder. A path
/// in a `--set` counts as if it stood in the file; `--input` is looked for from the working folder. The input file,
/// where there is one, is read through: its fields are what templates can name.
[[nodiscard]] load_result load_pipeline(std::string_view text, const std::filesystem::path& file,
                                        const load_options& options);

/// Reads the file and loads it. One that cannot be read is a mistake.
[[nodiscard]] load_result load_pipeline_file(const std::filesystem::path& file, const load_options& options);

} // namespace avp
