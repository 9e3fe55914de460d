// Agent kinds from a shared library.
#pragma once

#include <filesystem>

#include "agents/registry.hpp"
#include "gpu/user_error.hpp"

namespace avp {

/// A plugin that can't be used: which file, and why.
class plugin_error : public user_error {
public:
  using user_error::user_error;
};

/// Loads a shared library and calls its `extern "C" void avp_register(avp::registry&)`. The library stays loaded until
/// the process ends. Throws plugin_error.
void load_plugin(const std::filesystem::path& library, registry& kinds);

} // namespace avp
