// Names of a template and their values.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/jinja/run.hpp"
#include "gpu/text/jinja/value.hpp"

namespace avp::jinja {

/// The names that a part of a template has of its own, and the part around it.
class scope final : public emptied_at_end {
public:
  explicit scope(std::shared_ptr<scope> around = nullptr) : around_(std::move(around)) {}

  /// The value of `name` here or around, or nullptr.
  [[nodiscard]] const value* find(std::string_view name) const {
    for (const scope* one = this; one; one = one->around_.get())
      for (const auto& [key, held] : one->names_)
        if (key == name)
          return &held;
    return nullptr;
  }

  /// Gives `name`, which must last as long as the template, a value here.
  void set(std::string_view name, value held) {
    for (auto& [key, old] : names_)
      if (key == name) {
        old = std::move(held);
        return;
      }
    names_.emplace_back(name, std::move(held));
  }

  void clear() override { names_.clear(); }

private:
  std::shared_ptr<scope> around_;
  std::vector<std::pair<std::string_view, value>> names_;
};

} // namespace avp::jinja
