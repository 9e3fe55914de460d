// avp-model, from arguments to exit status.
#pragma once

namespace avp {

/// Runs `avp-model list|fetch|info|check|prompt`. Results go to stdout, everything else to stderr. Returns 0 when all
/// went well, 1 when a model could not be fetched or is broken, 2 for what can't be used: bad arguments, files that
/// can't be read, messages that a chat template refuses.
[[nodiscard]] int model_main(int argc, const char* const* argv);

} // namespace avp
