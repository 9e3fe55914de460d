// Which contexts lose their blocks when these are short.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "gpu/cache/evictable.hpp"
#include "gpu/engine/priority.hpp"

namespace avp {

/// The contexts that hold blocks between requests, and the order in which they give them up: the youngest task's newest
/// first.
class eviction {
public:
  /// A context that was made now.
  void add(std::weak_ptr<const evictable> context) { contexts_.push_back(std::move(context)); }

  /// Forgets contexts that nobody holds any more.
  void forget_dropped();

  /// Blocks that contexts of younger tasks would make free.
  [[nodiscard]] std::int64_t blocks_of_younger_than(std::uint64_t task) const;

  /// What goes first for a request's sake: contexts of its own task and of younger ones, and of all tasks for the
  /// oldest request, which must be able to go on even when those never come back. Contexts that have all their blocks
  /// in common are no use, since they free them only when the last of them goes; pinned ones are on their way to
  /// another node. Null where there is none.
  [[nodiscard]] std::shared_ptr<const evictable> candidate_for(const priority& request, bool is_oldest) const;

  /// What goes when there is no candidate: any that has blocks, pinned and shared ones, too.
  [[nodiscard]] std::shared_ptr<const evictable> last_resort() const;

  /// Takes a context's blocks. Returns false when someone is reading them at this moment.
  bool evict(const evictable& victim);

  /// How many were evicted so far.
  [[nodiscard]] std::int64_t count() const { return count_; }

private:
  template <class May>
  [[nodiscard]] std::shared_ptr<const evictable> youngest(May may) const;

  std::vector<std::weak_ptr<const evictable>> contexts_; // oldest first
  std::int64_t count_ = 0;
};

} // namespace avp
