// Functions of templates that are written here.
#include "gpu/text/jinja/functions.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/iterate.hpp"
#include "gpu/text/jinja/namespace_object.hpp"
#include "gpu/text/jinja/show.hpp"

namespace avp::jinja {

namespace {

constexpr std::int64_t longest_range = 100000; // jinja2's sandbox has the same

value range(run& work, const value&, const arguments& given) {
  const auto bound = bind_unnamed("range()", given, 1, 3);
  const std::int64_t start = bound[1] ? integer_or(bound[0], 0) : 0;
  const std::int64_t stop = integer_or(bound[1] ? bound[1] : bound[0], 0);
  const std::int64_t step = integer_or(bound[2], 1);
  if (step == 0)
    throw fault("range() needs a step that is not 0");
  sequence made{.kind = sequence_kind::range};
  made.bounds = {start, stop, step};
  for (std::int64_t at = start; step > 0 ? at < stop : at > stop;) {
    if (static_cast<std::int64_t>(made.items.size()) == longest_range)
      throw fault("range() has more than " + std::to_string(longest_range) + " elements");
    made.items.emplace_back(at);
    if (__builtin_add_overflow(at, step, &at))
      break;
  }
  work.spend(made.items.size());
  return made;
}

value dict(run& work, const value&, const arguments& given) {
  mapping made;
  if (given.positional.size() > 1)
    throw fault("dict() takes at most one argument without a name");
  if (!given.positional.empty()) {
    const value& from = given.positional.front();
    if (from.entries()) {
      made = *from.entries();
      work.spend(made.entries().size());
    } else {
      for (const value& pair : elements(work, from)) {
        const auto parts = elements(work, pair);
        if (parts.size() != 2)
          throw fault("dict() needs pairs of a key and a value");
        made.put(parts[0], parts[1]);
      }
    }
  }
  for (const auto& [name, held] : given.keywords)
    made.put(value::trusted(name), held);
  return made;
}

value make_namespace(run& work, const value& self, const arguments& given) {
  return namespace_object::make(work, *dict(work, self, given).entries());
}

value raise_exception(run& work, const value&, const arguments& given) {
  throw fault(shown(work, *bind("raise_exception()", given, {"message"})[0]).text());
}

/// cycler(): gives its values by turns.
class cycler_object final : public object {
public:
  explicit cycler_object(std::vector<value> items) : items_(std::move(items)) {}

  [[nodiscard]] std::string type_name() const override { return "Cycler"; }
  [[nodiscard]] marked_text shown(run&) const override { return marked_text::trusted("<Cycler>"); }
  [[nodiscard]] std::size_t depth() const override { return 1 + value::tuple(items_).depth(); }

  [[nodiscard]] std::optional<value> attribute(std::string_view name) override {
    if (name == "current")
      return items_[at_];
    if (name == "next" || name == "reset")
      return value(std::make_shared<function>(std::string(name), name == "next" ? next : reset,
                                              value(std::static_pointer_cast<object>(self_.lock()))));
    return std::nullopt;
  }

  std::weak_ptr<cycler_object> self_; ///< For its methods.

private:
  static cycler_object& of(const value& self) { return static_cast<cycler_object&>(*self.made()); }

  static value next(run&, const value& self, const arguments& given) {
    (void)bind_unnamed("next()", given, 0, 0);
    auto& cycler = of(self);
    const value now = cycler.items_[cycler.at_];
    cycler.at_ = (cycler.at_ + 1) % cycler.items_.size();
    return now;
  }

  static value reset(run&, const value& self, const arguments& given) {
    (void)bind_unnamed("reset()", given, 0, 0);
    of(self).at_ = 0;
    return nullptr;
  }

  std::vector<value> items_;
  std::size_t at_ = 0;
};

value make_cycler(run&, const value&, const arguments& given) {
  if (given.positional.empty() || !given.keywords.empty())
    throw fault("cycler() needs the values that it gives by turns");
  auto made = std::make_shared<cycler_object>(given.positional);
  made->self_ = made;
  return std::shared_ptr<object>(std::move(made));
}

/// joiner(): nothing the first time, then what stands between.
class joiner_object final : public object {
public:
  explicit joiner_object(value between) : between_(std::move(between)) {}

  [[nodiscard]] std::string type_name() const override { return "Joiner"; }
  [[nodiscard]] marked_text shown(run&) const override { return marked_text::trusted("<Joiner>"); }
  [[nodiscard]] bool callable() const override { return true; }
  [[nodiscard]] std::size_t depth() const override { return 1 + between_.depth(); }

  value call(run&, arguments given) override {
    (void)bind_unnamed("a joiner", given, 0, 0);
    return std::exchange(used_, true) ? between_ : value(marked_text());
  }

  [[nodiscard]] std::optional<value> attribute(std::string_view name) override {
    return name == "sep" ? std::optional(between_) : name == "used" ? std::optional(value(used_)) : std::nullopt;
  }

private:
  value between_;
  bool used_ = false;
};

value make_joiner(run&, const value&, const arguments& given) {
  const auto bound = bind("joiner()", given, {"sep?"});
  return std::shared_ptr<object>(std::make_shared<joiner_object>(bound[0] ? *bound[0] : value::trusted(", ")));
}

constexpr auto functions = std::to_array<named_method>({
    {"range", range},
    {"dict", dict},
    {"namespace", make_namespace},
    {"cycler", make_cycler},
    {"joiner", make_joiner},
    {"raise_exception", raise_exception},
});

} // namespace

value global_function(std::string_view name) {
  const auto found = std::ranges::find(functions, name, &named_method::name);
  if (found == functions.end())
    return {};
  return std::shared_ptr<object>(std::make_shared<function>(std::string(name), found->body));
}

} // namespace avp::jinja
