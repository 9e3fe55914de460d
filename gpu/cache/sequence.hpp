// The KV-cache of one request while it runs: a table of blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/cache/block_ledger.hpp"

namespace avp {

/// Positions 0 … length-1 in blocks of a pool. Belongs to the device's thread.
class sequence {
public:
  explicit sequence(std::shared_ptr<block_ledger> pool) : pool_(std::move(pool)) {}

  /// Continues on blocks that someone else holds: they get one more holder.
  sequence(std::shared_ptr<block_ledger> pool, std::span<const block_id> blocks, std::int64_t length);

  sequence(sequence&& other) noexcept;
  sequence& operator=(sequence&& other) noexcept;
  ~sequence() { clear(); }

  /// A sequence that continues after the first `length` positions of this one.
  [[nodiscard]] sequence fork(std::int64_t length) const;

  [[nodiscard]] std::int64_t length() const { return length_; }
  [[nodiscard]] const std::vector<block_id>& blocks() const { return blocks_; }

  /// Blocks that extend() would take for `rows` more positions.
  [[nodiscard]] std::int64_t blocks_for(std::int64_t rows) const;

  /// Makes room for `rows` more positions, all of which will be written. A last block in which someone else went on
  /// first is copied. The pool must have blocks_for(rows) available.
  void extend(std::int64_t rows);

  /// Blocks that extend_further() would take.
  [[nodiscard]] std::int64_t blocks_for_further(std::int64_t rows, std::int64_t more) const {
    return blocks_of(length_ + rows + more) - static_cast<std::int64_t>(blocks_.size());
  }

  /// Makes room for `more` positions behind the `rows` that extend() has made room for. They may stay unwritten.
  void extend_further(std::int64_t rows, std::int64_t more);

  /// Gives back the room behind the last position that extend() and extend_further() made and nothing came of.
  void give_back_room();

  /// Counts rows that have been written as there.
  void advance(std::int64_t rows) { length_ += rows; }

  /// Forgets the positions from `length` on, which nobody else has seen.
  void cut(std::int64_t length);

  /// Appends a full block that is held already for this sequence; its length must be a whole number of blocks.
  void append_shared(block_id block);

  /// Gives all blocks back.
  void clear();

  /// Gives the blocks away with their holders' counts as they are; leaves an empty sequence.
  [[nodiscard]] std::vector<block_id> release();

private:
  [[nodiscard]] bool tail_is_taken() const;
  [[nodiscard]] block_id take();
  void add(block_id block);
  void claim_to(std::int64_t end);

  std::shared_ptr<block_ledger> pool_;
  std::vector<block_id> blocks_;
  std::int64_t length_ = 0;
};

} // namespace avp
