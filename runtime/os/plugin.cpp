// Plugins by dlopen.
#include "runtime/os/plugin.hpp"

#include <dlfcn.h>

#include "gpu/thrown.hpp"

namespace avp {

void load_plugin(const std::filesystem::path& library, registry& kinds) {
  const auto path =
      library.has_parent_path() ? library : std::filesystem::path(".") / library; // never the system's search path
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    throw plugin_error("cannot load plugin '" + library.string() + "': " + dlerror());
  auto* enter = reinterpret_cast<void (*)(registry&)>(dlsym(handle, "avp_register"));
  if (!enter)
    throw plugin_error("plugin '" + library.string() +
                       "' has no function 'avp_register'; expected: extern \"C\" void avp_register(avp::registry&)");
  try {
    enter(kinds);
  } catch (...) {
    throw plugin_error("plugin '" + library.string() + "': " + text_of(std::current_exception()));
  }
}

} // namespace avp
