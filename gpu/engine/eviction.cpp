// Chooses the context that loses its blocks.
#include "gpu/engine/eviction.hpp"

namespace avp {

void eviction::forget_dropped() {
  std::erase_if(contexts_, [](const auto& context) { return context.expired(); });
}

std::int64_t eviction::blocks_of_younger_than(std::uint64_t task) const {
  std::int64_t blocks = 0;
  for (const auto& context : contexts_)
    if (const auto alive = context.lock(); alive && alive->task() > task && !alive->is_pinned())
      blocks += alive->sole_blocks();
  return blocks;
}

// Of those that may go, the newest one of the youngest task.
template <class May>
std::shared_ptr<const evictable> eviction::youngest(May may) const {
  std::shared_ptr<const evictable> found;
  for (const auto& context : contexts_) {
    auto alive = context.lock();
    if (alive && alive->is_resident() && may(*alive) && (!found || alive->task() >= found->task()))
      found = std::move(alive);
  }
  return found;
}

std::shared_ptr<const evictable> eviction::candidate_for(const priority& request, bool is_oldest) const {
  return youngest([&](const evictable& context) {
    return !context.is_pinned() && context.sole_blocks() > 0 && (is_oldest || context.task() >= request.task);
  });
}

std::shared_ptr<const evictable> eviction::last_resort() const {
  return youngest([](const evictable&) { return true; });
}

bool eviction::evict(const evictable& victim) {
  const bool taken = victim.evict();
  count_ += taken ? 1 : 0;
  return taken;
}

} // namespace avp
