// Whether what one model thinks can be projected onto another, before either is loaded.
#pragma once

#include <vector>

#include "runtime/pipeline/run_stage.hpp"

namespace avp {

/// Reads the vocabularies of models between which thoughts are to be projected, and says in the notes of the plans by
/// which way each of these edges goes and how many tokens are shared. Throws user_error where they are too few. What
/// loads a model tells where its file is missing or broken.
void note_projections(std::vector<run_stage>& stages);

} // namespace avp
