// Which blocks of a KV-cache are whose: reference counts, and the index of prompt prefixes that blocks hold.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "gpu/kernels/block_layout.hpp"

namespace avp {

/// Names a full block of prompt tokens together with all that came before it; 0 is the empty beginning.
using prefix_id = std::int64_t;

/// Hands out blocks by their numbers; what they hold is a matter of block_pool. Everything but post() belongs to the
/// device's thread.
class block_ledger {
public:
  /// What happened since the start.
  struct statistics {
    std::int64_t copied = 0;        ///< Blocks copied because two continued in one.
    std::int64_t shared_tokens = 0; ///< Positions found by find().
    std::int64_t moved_tokens = 0;  ///< Positions copied from one sequence to another.
    std::int64_t read_tokens = 0;   ///< Positions read from payloads.
  };

  explicit block_ledger(std::int64_t blocks);
  block_ledger(const block_ledger&) = delete;
  block_ledger& operator=(const block_ledger&) = delete;
  virtual ~block_ledger() = default;

  [[nodiscard]] std::int64_t total() const { return static_cast<std::int64_t>(holders_.size()); }

  /// Blocks that take() can give.
  [[nodiscard]] std::int64_t available() const { return static_cast<std::int64_t>(free_.size() + cached_.size()); }

  /// Blocks that nobody holds and that find() may still give.
  [[nodiscard]] std::int64_t cached() const { return static_cast<std::int64_t>(cached_.size()); }

  /// Blocks that more than one holds.
  [[nodiscard]] std::int64_t shared() const { return shared_; }

  /// A block for one holder; the longest unused prefix goes first when no block is empty. Nothing when all are held.
  [[nodiscard]] std::optional<block_id> take();

  /// One more holder of a block that has one.
  void hold(block_id block);

  /// One holder less.
  void drop(block_id block);

  [[nodiscard]] int holders(block_id block) const { return holders_[block]; }

  /// Positions of a block that someone has claimed for writing.
  [[nodiscard]] std::int64_t claimed(block_id block) const { return claimed_[block]; }
  void claim(block_id block, std::int64_t positions) { claimed_[block] = static_cast<std::int8_t>(positions); }

  /// Copies what a block holds into another one.
  void copy(block_id from, block_id to);

  /// Makes a full block known as what follows `before` when the prompt goes on with `tokens`. Returns the name of that
  /// prefix, the same one for the same tokens.
  prefix_id publish(block_id block, prefix_id before, std::span<const std::int32_t> tokens);

  /// The block that follows `before` with these tokens, held once more, and its name; nothing when there is none.
  [[nodiscard]] std::optional<std::pair<block_id, prefix_id>> find(prefix_id before,
                                                                   std::span<const std::int32_t> tokens);

  /// Drops blocks later, at the next drain(). From any thread.
  void post(std::vector<block_id> blocks);
  void drain();

  void count_moved(std::int64_t positions) { statistics_.moved_tokens += positions; }
  void count_read(std::int64_t positions) { statistics_.read_tokens += positions; }
  [[nodiscard]] const statistics& counted() const { return statistics_; }

protected:
  virtual void copy_contents(block_id /*from*/, block_id /*to*/) {}

private:
  using prefix_key = std::pair<prefix_id, std::vector<std::int32_t>>;

  struct prefix {
    block_id block = 0;
    prefix_id id = 0;
  };
  using prefix_map = std::map<prefix_key, prefix>;

  void forget(block_id block);

  std::vector<int> holders_;
  std::vector<std::int8_t> claimed_;
  std::vector<block_id> free_;
  // Every block stands in one of them at any time, so that a destructor which gives blocks back takes no memory.
  std::list<block_id> cached_; // oldest first
  std::list<block_id> uncached_;
  std::vector<std::list<block_id>::iterator> place_in_list_;
  prefix_map prefixes_;
  std::vector<prefix_map::iterator> prefix_of_; // end() for blocks that are not known
  prefix_id last_prefix_ = 0;
  std::int64_t shared_ = 0;
  statistics statistics_;
  std::mutex posted_guard_;
  std::vector<block_id> posted_;
};

} // namespace avp
