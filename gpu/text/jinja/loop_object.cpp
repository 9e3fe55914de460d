// "loop", inside of a loop.
#include "gpu/text/jinja/loop_object.hpp"

#include <algorithm>
#include <memory>

#include "gpu/text/jinja/arguments.hpp"
#include "gpu/text/jinja/compare.hpp"
#include "gpu/text/jinja/error.hpp"
#include "gpu/text/jinja/functions.hpp"

namespace avp::jinja {

namespace {

loop_object& loop_of(const value& self) { return static_cast<loop_object&>(*self.made()); }

value loop_cycle(run&, const value& self, const arguments& given) {
  if (given.positional.empty() || !given.keywords.empty())
    throw fault("loop.cycle() needs the values that it gives by turns");
  return loop_of(self).cycled(given.positional);
}

value loop_changed(run&, const value& self, const arguments& given) {
  if (!given.keywords.empty())
    throw fault("loop.changed() takes no argument by its name");
  return loop_of(self).changed(given.positional);
}

} // namespace

loop_object::loop_object(std::vector<value> items, std::int64_t depth, recursion again)
    : items_(std::move(items)),
      depth_(depth),
      again_(std::move(again)) {
  for (const value& item : items_)
    nesting_ = std::max(nesting_, 1 + item.depth());
}

marked_text loop_object::shown(run&) const {
  return marked_text::trusted("<LoopContext " + std::to_string(at_ + 1) + "/" + std::to_string(items_.size()) + ">");
}

value loop_object::call(run&, arguments given) {
  const auto bound = bind("loop()", given, {"iterable"});
  if (!again_)
    throw fault("\"loop\" is called, but the loop is not marked as \"recursive\"");
  return again_(*bound[0], depth_ + 1);
}

void loop_object::clear() {
  items_.clear();
  last_.reset();
  again_ = nullptr;
}

bool loop_object::changed(std::vector<value> now) {
  if (last_ && std::ranges::equal(*last_, now, equal))
    return false;
  last_ = std::move(now);
  return true;
}

value loop_object::cycled(const std::vector<value>& values) const { return values[at_ % values.size()]; }

std::optional<value> loop_object::attribute(std::string_view name) {
  const auto at = static_cast<std::int64_t>(at_);
  const auto size = static_cast<std::int64_t>(items_.size());
  if (name == "index")
    return at + 1;
  if (name == "index0")
    return at;
  if (name == "revindex")
    return size - at;
  if (name == "revindex0")
    return size - at - 1;
  if (name == "first")
    return at == 0;
  if (name == "last")
    return at + 1 >= size;
  if (name == "length")
    return size;
  if (name == "depth")
    return depth_ + 1;
  if (name == "depth0")
    return depth_;
  if (name == "previtem")
    return at == 0 || items_.empty() ? value::missing("there is no previous item") : items_[at_ - 1];
  if (name == "nextitem")
    return at + 1 >= size ? value::missing("there is no next item") : items_[at_ + 1];
  if (name == "cycle" || name == "changed")
    return value(std::make_shared<function>(std::string(name), name == "cycle" ? loop_cycle : loop_changed,
                                            value(std::static_pointer_cast<object>(shared_from_this()))));
  return std::nullopt;
}

} // namespace avp::jinja
