// "loop", inside of a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gpu/text/jinja/object.hpp"
#include "gpu/text/jinja/run.hpp"

namespace avp::jinja {

/// Where a loop is.
class loop_object final : public object, public emptied_at_end, public std::enable_shared_from_this<loop_object> {
public:
  /// What calling "loop" does in a recursive loop, given the elements and its depth.
  using recursion = std::function<value(const value& items, std::int64_t depth)>;

  loop_object(std::vector<value> items, std::int64_t depth, recursion again);

  [[nodiscard]] std::string type_name() const override { return "LoopContext"; }
  [[nodiscard]] marked_text shown(run& work) const override;
  [[nodiscard]] bool callable() const override { return true; }
  value call(run& work, arguments given) override;
  [[nodiscard]] std::optional<value> attribute(std::string_view name) override;
  [[nodiscard]] std::size_t depth() const override { return nesting_; }
  void clear() override;

  /// The elements; the place of the one whose turn it is.
  [[nodiscard]] const std::vector<value>& items() const { return items_; }
  void go_to(std::size_t at) { at_ = at; }

  /// Whether the values are others than the last time that this was asked.
  bool changed(std::vector<value> now);

  /// The value whose turn it is.
  [[nodiscard]] value cycled(const std::vector<value>& values) const;

private:
  std::vector<value> items_;
  std::size_t at_ = 0;
  std::int64_t depth_;
  std::size_t nesting_ = 1;
  recursion again_;
  std::optional<std::vector<value>> last_;
};

} // namespace avp::jinja
