// Values with a behaviour: functions, namespaces, loops.
#include "gpu/text/jinja/object.hpp"

#include "gpu/text/jinja/error.hpp"

namespace avp::jinja {

const value* arguments::keyword(std::string_view name) const {
  for (const auto& [key, held] : keywords)
    if (key == name)
      return &held;
  return nullptr;
}

value object::call(run&, arguments) { throw fault("a " + type_name() + " can't be called"); }

std::optional<value> object::attribute(std::string_view) { return std::nullopt; }

} // namespace avp::jinja
