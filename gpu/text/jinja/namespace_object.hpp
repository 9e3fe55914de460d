// namespace(): the one value that a template can change.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/jinja/object.hpp"
#include "gpu/text/jinja/run.hpp"

namespace avp::jinja {

/// Attributes that "set" gives values to.
class namespace_object final : public object, public emptied_at_end {
public:
  /// A new one, with these attributes.
  static value make(run& work, const mapping& attributes);

  [[nodiscard]] std::string type_name() const override { return "Namespace"; }
  [[nodiscard]] marked_text shown(run& work) const override;
  [[nodiscard]] std::optional<value> attribute(std::string_view name) override;
  void clear() override { attributes_.clear(); }

  /// Gives the attribute a value. Throws fault for a name that begins with "_".
  void set(std::string_view name, value held);

private:
  std::vector<std::pair<std::string, value>> attributes_;
};

} // namespace avp::jinja
