// The answers of an earlier run, scored once more.
#pragma once

#include <filesystem>
#include <optional>

#include "runtime/score/answer_scorer.hpp"

namespace avp {

/// Scores what stands in results.jsonl as the folder's pipeline.toml says, or by another kind, and prints each score
/// that changes, old and new, and for each mode how many do. Changes nothing in the folder. Gives the number of answers
/// that could not be scored, each of which is named on standard error. Throws std::runtime_error where the folder lacks
/// what is needed.
[[nodiscard]] int rescore(const std::filesystem::path& folder, std::optional<score_kind> kind, answer_scorer& scorer);

} // namespace avp
