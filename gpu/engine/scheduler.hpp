// Scheduling of one model's requests: who runs, which rows go into the next forward pass, and who gives up memory.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "gpu/cache/block_ledger.hpp"
#include "gpu/engine/eviction.hpp"
#include "gpu/engine/schedulable.hpp"
#include "gpu/engine/scheduled_rows.hpp"
#include "gpu/engine/spare_blocks.hpp"

namespace avp {

/// Continuous batching: every pass takes rows from as many requests as there are, one row of each that decodes or makes
/// latent steps, and a chunk of the prompts. Knows blocks and sequences, and nothing of what they hold.
///
/// * Rows of guessed tokens come last, from free blocks, and only into a pass of few rows: nobody has to wait or to
///   give anything up for them.
/// * Admission in order of priority. A request that does not fit holds back all younger ones, so that none is overtaken
///   for ever. The oldest is always admitted.
/// * Who lacks blocks takes them from the youngest: a context between two requests, or a request that runs, which is
///   preempted and starts again later. The oldest can always go on.
class scheduler {
public:
  /// What goes into a pass, and what had to happen before it.
  struct pass {
    std::vector<scheduled_rows> rows; ///< Oldest request first.
    std::vector<priority> preempted;
    std::vector<std::pair<priority, std::exception_ptr>> failed; ///< They threw. They have no blocks any more.
  };

  scheduler(std::shared_ptr<block_ledger> blocks, bool share_prefixes)
      : blocks_(std::move(blocks)),
        share_prefixes_(share_prefixes) {}

  /// Who holds blocks that are as good as free: they are given back before a request takes blocks or waits for some.
  void count_as_free(std::shared_ptr<spare_blocks> spare) { spare_ = std::move(spare); }

  /// Queues a request, which has to live until it is removed or has failed.
  void add(schedulable& request) { waiting_.insert(&request); }

  /// Forgets a request that ended, was cancelled or never was there.
  void remove(schedulable& request);

  /// A context whose blocks may be taken.
  void watch(std::weak_ptr<const evictable> context) { eviction_.add(std::move(context)); }

  /// Admits requests and gives the rows of the next pass, for which every sequence has room then. Each of these
  /// requests has to be told what came of its rows before the next call. Throws where there is no memory for that: then
  /// all requests have failed but those that wait.
  [[nodiscard]] pass next_pass();

  /// Whether a request is queued: it neither runs nor has failed.
  [[nodiscard]] bool is_waiting(schedulable& request) const { return waiting_.contains(&request); }

  [[nodiscard]] std::int64_t running() const { return static_cast<std::int64_t>(running_.size()); }
  [[nodiscard]] std::int64_t waiting() const { return static_cast<std::int64_t>(waiting_.size()); }
  [[nodiscard]] std::int64_t preemptions() const { return preemptions_; }
  [[nodiscard]] std::int64_t evictions() const { return eviction_.count(); }

private:
  struct older {
    bool operator()(const schedulable* a, const schedulable* b) const { return a->priority() < b->priority(); }
  };
  using queue = std::set<schedulable*, older>;

  /// Rows of prompts that a pass still has room for, and blocks of prompts that it fills.
  struct prompt_share {
    std::int64_t left = 0;
    std::vector<prompt_block> filled;
  };

  void admit(pass& next);
  [[nodiscard]] bool fits(const schedulable& request) const;
  void collect(pass& next);
  [[nodiscard]] bool has_decoding() const;
  [[nodiscard]] bool arrange(schedulable& request, pass& next);
  [[nodiscard]] bool take_rows(schedulable& request, prompt_share& prompts, pass& next);
  [[nodiscard]] bool make_room(const schedulable& request, std::int64_t blocks, pass& next);
  [[nodiscard]] bool free_some(const schedulable& request, pass& next);
  void add_guesses(pass& next);
  void preempt(queue::iterator which, pass& next);
  static void fail(schedulable& request, pass& next);

  std::shared_ptr<block_ledger> blocks_;
  bool share_prefixes_;
  std::shared_ptr<spare_blocks> spare_; // may be null
  queue running_;
  queue waiting_;
  eviction eviction_;
  std::int64_t preemptions_ = 0;
};

} // namespace avp
