// Whose blocks are whose: admission, eviction, preemption.
#include <algorithm>

#include <avp/gpu/engine/lane.hpp>

namespace avp {

// The oldest can always go on. Others enter when there is room for them up to their end beside what those who run may
// still take; contexts of younger tasks count as room.
bool lane::fits(const job& next) {
  if (running_.empty() || next.where() < (*running_.begin())->where())
    return true;
  std::int64_t room = pool_->available();
  for (const auto& context : contexts_)
    if (auto alive = context.lock(); alive && alive->task() > next.where().task && !alive->is_pinned())
      room += alive->sole_blocks();
  for (const auto& job : running_)
    room -= std::max<std::int64_t>(0, job->blocks_at_end() - job->blocks_held());
  return next.blocks_at_end() - next.blocks_shared_at_start() + 1 <= room; // one more where a last block is copied
}

bool lane::make_room(const job& wants, std::int64_t blocks) {
  pool_->drain();
  while (pool_->available() < blocks) {
    if (!evict_for(wants))
      return false;
    pool_->drain();
  }
  return true;
}

// Of the contexts that may go, the newest one of the youngest task.
template <class May>
std::shared_ptr<const kv_context> lane::youngest_context(May may) const {
  std::shared_ptr<const kv_context> youngest;
  for (const auto& context : contexts_) {
    auto alive = context.lock();
    if (alive && alive->is_resident() && may(*alive) && (!youngest || alive->task() >= youngest->task()))
      youngest = std::move(alive);
  }
  return youngest;
}

bool lane::evict(const kv_context& victim) {
  const bool taken = victim.evict();
  evictions_ += taken ? 1 : 0;
  return taken;
}

// Takes blocks from the youngest: a context between two hops, or a request that runs. Only the oldest request may take
// the contexts of older tasks; somebody must be able to go on even when those never come back. Contexts that have all
// their blocks in common free them only when the last of them goes; those, and what is on its way to another node,
// go last.
bool lane::evict_for(const job& wants) {
  const bool is_oldest = running_.empty() || wants.where() <= (*running_.begin())->where();
  const auto victim = youngest_context([&](const kv_context& context) {
    return !context.is_pinned() && context.sole_blocks() > 0 && (is_oldest || context.task() >= wants.where().task);
  });
  auto youngest = running_.empty() ? running_.end() : std::prev(running_.end());
  if (youngest != running_.end() && (*youngest)->where() <= wants.where())
    youngest = running_.end();
  if (victim && (youngest == running_.end() || victim->task() >= (*youngest)->where().task))
    return evict(*victim);
  if (youngest != running_.end()) {
    preempt(youngest);
    return true;
  }
  const auto last_resort = is_oldest ? youngest_context([](const kv_context&) { return true; }) : nullptr;
  return last_resort && evict(*last_resort);
}

void lane::preempt(queue::iterator which) {
  auto stopped = std::move(running_.extract(which).value());
  stopped->give_up();
  waiting_.insert(std::move(stopped));
  ++preemptions_;
}

} // namespace avp
