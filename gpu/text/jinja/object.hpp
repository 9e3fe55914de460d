// Values with a behaviour: functions, namespaces, loops.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

class run;

/// What a call hands over.
struct arguments {
  std::vector<value> positional;
  std::vector<std::pair<std::string, value>> keywords;

  /// The value of the keyword `name`, or nullptr.
  [[nodiscard]] const value* keyword(std::string_view name) const;
};

/// A value that can do something.
class object {
public:
  object() = default;
  object(const object&) = delete;
  object& operator=(const object&) = delete;
  virtual ~object() = default;

  /// What Python calls its type.
  [[nodiscard]] virtual std::string type_name() const = 0;

  /// How it is printed.
  [[nodiscard]] virtual marked_text shown(run& work) const = 0;

  /// Whether it can be called.
  [[nodiscard]] virtual bool callable() const { return false; }

  /// Calls it. Throws fault where that can't be done.
  virtual value call(run& work, arguments given);

  /// The attribute `name`, or nothing.
  [[nodiscard]] virtual std::optional<value> attribute(std::string_view name);

  /// How many lists, maps and objects lie in one another where it holds some.
  [[nodiscard]] virtual std::size_t depth() const { return 0; }
};

} // namespace avp::jinja
