// A table of contexts with counts.
#include "runtime/node/kept_contexts.hpp"

namespace avp {

std::shared_ptr<const context> context_in(const payload& from) {
  return std::dynamic_pointer_cast<const context>(from.body);
}

void kept_contexts::keep(const payload& context) {
  const auto held = context_in(context);
  if (!held)
    return;
  const std::lock_guard lock(guard_);
  auto& kept = entries_[held->history()->id()];
  if (kept.holders++ == 0)
    kept.context = context;
}

// `gone` is destroyed after the lock: that may take a while.
void kept_contexts::release(const std::string& id) {
  payload gone;
  const std::lock_guard lock(guard_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || --found->second.holders > 0)
    return;
  gone = std::move(found->second.context);
  entries_.erase(found);
}

payload kept_contexts::find(const std::string& id) const {
  const std::lock_guard lock(guard_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? payload() : found->second.context;
}

payload kept_contexts::longest_prefix(const std::shared_ptr<const recipe>& history) const {
  for (auto beginning = history; beginning; beginning = beginning->leading_parent())
    if (auto found = find(beginning->id()); found.body)
      return found;
  return {};
}

std::size_t kept_contexts::size() const {
  const std::lock_guard lock(guard_);
  return entries_.size();
}

} // namespace avp
