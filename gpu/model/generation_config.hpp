// How a model wants to be sampled.
#pragma once

#include <filesystem>

#include "gpu/sampling.hpp"

namespace avp {

/// What generation_config.json of a model says of sampling: temperature, top_p, top_k, min_p, repetition_penalty;
/// do_sample = false is temperature 0. `path`: a Hugging Face directory; where it has no such file, and for a GGUF
/// file, nothing. Throws model_error with file and key where a value is none that there can be.
[[nodiscard]] said_sampling read_generation_config(const std::filesystem::path& path);

} // namespace avp
