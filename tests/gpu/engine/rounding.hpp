// What may differ between two programs, or two processors, that compute the same: rounding, as far as a case amplifies
// it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/gpu/engine/fixture_run.hpp"

namespace avp::test {

/// How far noise moves each reading of a case: the case on the GGUF model as it is, against the model with relative
/// noise of 1e-5 on all weights of all norms; the greater of two draws. The tokens of the fixtures stand such noise.
/// The products of processors with AMX differ from the reference's by as much as 1e-5 comes to, those of others by a
/// tenth.
[[nodiscard]] std::vector<double> noise_scale(const std::filesystem::path& gguf, const nlohmann::json& fixture);

/// The readings of ours that are further from theirs than they may be, a line each that says how far. A reading may be
/// as far off as theirs allows, or else `noise_factor` times the scale (none where it is empty).
///
/// Chains of latent steps feed rounding back, and some amplify it ten thousandfold, each in its own places. What
/// another processor's rounding comes to there, only the case itself can tell.
[[nodiscard]] std::vector<std::string>
beyond_rounding(const std::vector<reading>& ours, const std::vector<reading>& theirs, const std::vector<double>& scale);

inline constexpr double noise_factor = 3;

} // namespace avp::test
