// avp-model, from arguments to exit status.
#pragma once

namespace avp {

/// Runs `avp-model list|fetch|info`. Results go to stdout, everything else to stderr. Returns 0 when all went well, 1
/// when a model could not be fetched or read, 2 for bad arguments.
[[nodiscard]] int model_main(int argc, const char* const* argv);

} // namespace avp
