// A request as the scheduler sees it: a sequence that wants rows.
#pragma once

#include <cstdint>
#include <optional>

#include "gpu/cache/sequence.hpp"
#include "gpu/engine/priority.hpp"
#include "gpu/engine/prompt_block.hpp"
#include "gpu/engine/row_kind.hpp"

namespace avp {

/// Rows of one kind that a request wants next.
struct wanted_rows {
  row_kind kind = row_kind::prefill;
  std::int64_t count = 0;
  bool replayed = false; ///< Run again to build what was there before.
};

/// What the scheduler asks of a request, and what it tells it to do.
class schedulable {
public:
  explicit schedulable(avp::priority priority) : priority_(priority) {}
  schedulable(const schedulable&) = delete;
  schedulable& operator=(const schedulable&) = delete;
  virtual ~schedulable() = default;

  [[nodiscard]] const avp::priority& priority() const { return priority_; }

  /// Blocks that it holds at most, those of its context included.
  [[nodiscard]] virtual std::int64_t blocks_at_end() const = 0;

  /// Of these, those that start() finds there: a context that it continues on holds them already.
  [[nodiscard]] virtual std::int64_t blocks_shared_at_start() const = 0;

  /// All blocks that it holds now.
  [[nodiscard]] virtual std::int64_t blocks_held() const = 0;

  /// The sequence that rows are appended to.
  [[nodiscard]] virtual sequence& blocks() = 0;

  /// Makes the plan, on the blocks of its context where they are there. It may throw.
  virtual void start() = 0;

  /// Gives all blocks back; start() begins again.
  virtual void release() = 0;

  /// Blocks that arrange() takes; nothing where rows come next, or nothing more.
  [[nodiscard]] virtual std::optional<std::int64_t> blocks_to_arrange() const = 0;

  /// Does what comes next and is no row: reads, moves, opens and closes sequences. It may throw.
  virtual void arrange() = 0;

  /// The rows that come next; nothing where a token is to be chosen first, or when it is done.
  [[nodiscard]] virtual std::optional<wanted_rows> next_rows() const = 0;

  /// Guesses up to `most` tokens behind the one that its next row, a single one of an answer, is made of; the pass has
  /// so many `rows` without them. Returns how many there are: rows that it has in this pass too, and that may come to
  /// nothing.
  virtual std::int64_t guess(std::int64_t rows, std::int64_t most) = 0;

  /// Takes over blocks that another prompt which begins alike has filled. Returns the block of the prompt that is to be
  /// filled next; nothing where none can be shared.
  virtual std::optional<prompt_block> share_prefix() = 0;

private:
  avp::priority priority_;
};

} // namespace avp
