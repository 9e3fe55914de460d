// Requests without a model, for tests of the scheduler: what a row computes is a number of all the rows before it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "gpu/cache/evictable.hpp"
#include "gpu/engine/schedulable.hpp"
#include "gpu/engine/scheduled_rows.hpp"

namespace avp::test {

/// What a row is made of: a token of a prompt, an answer or bytes, or 0 of a latent step.
struct fake_row {
  row_kind kind = row_kind::prefill;
  std::int32_t token = 0;
};

/// What rows come to when nothing goes wrong, from the first one on.
[[nodiscard]] std::vector<std::uint64_t> values_of(const std::vector<fake_row>& rows);

/// The token that follows a row's value.
[[nodiscard]] std::int32_t token_after(std::uint64_t value);

/// Blocks that hold one number a position.
class fake_memory final : public block_ledger {
public:
  explicit fake_memory(std::int64_t blocks) : block_ledger(blocks), values_(static_cast<std::size_t>(blocks)) {}

  [[nodiscard]] std::uint64_t& at(const sequence& of, std::int64_t position) {
    return values_.at(of.blocks().at(position / block_positions)).at(position % block_positions);
  }

  /// Computes the next row of a sequence, which has room for it, from all that stands before it.
  std::uint64_t run(const sequence& of, std::int64_t position, const fake_row& row);

private:
  void copy_contents(block_id from, block_id to) override { values_.at(to) = values_.at(from); }

  std::vector<std::array<std::uint64_t, block_positions>> values_;
};

/// What a request leaves, and others continue on.
class fake_context final : public evictable {
public:
  fake_context(std::shared_ptr<fake_memory> memory, std::uint64_t task, std::vector<fake_row> rows,
               std::vector<block_id> blocks)
      : memory_(std::move(memory)),
        task_(task),
        rows_(std::move(rows)),
        blocks_(std::move(blocks)) {}
  ~fake_context() override { memory_->post(blocks_); }

  [[nodiscard]] std::uint64_t task() const override { return task_; }
  [[nodiscard]] bool is_resident() const override { return resident_; }
  [[nodiscard]] bool is_pinned() const override { return pinned; }
  [[nodiscard]] std::int64_t sole_blocks() const override;
  bool evict() const override;
  void restore(const sequence& rebuilt) const;

  [[nodiscard]] const std::vector<fake_row>& rows() const { return rows_; }
  [[nodiscard]] std::int64_t length() const { return static_cast<std::int64_t>(rows_.size()); }
  [[nodiscard]] const std::vector<block_id>& blocks() const { return blocks_; }
  [[nodiscard]] sequence fork() const { return {memory_, blocks_, length()}; }

  bool pinned = false;
  bool is_read = false; ///< At this moment by another thread: it can't be evicted.

private:
  std::shared_ptr<fake_memory> memory_;
  std::uint64_t task_;
  std::vector<fake_row> rows_;
  mutable std::vector<block_id> blocks_;
  mutable bool resident_ = true;
};

/// What a request is to do, on top of a context: read bytes at once, then a prompt, latent steps and an answer.
struct fake_work {
  std::shared_ptr<const fake_context> base;
  std::vector<fake_row> bytes;
  std::vector<std::int32_t> prompt;
  std::int64_t latent_steps = 0;
  std::int64_t answer = 0;
  bool shares_prompt = true;
  bool fails = false;       ///< Whether it throws where it would read its bytes.
  std::int64_t guesses = 0; ///< That it makes for a pass, at most.
  int percent_right = 0;    ///< Of them, about so many come true.

  [[nodiscard]] std::int64_t length() const;
};

/// Does it, as often as it is started.
class fake_request final : public schedulable {
public:
  fake_request(avp::priority priority, std::shared_ptr<fake_memory> memory, fake_work work);

  [[nodiscard]] std::int64_t blocks_at_end() const override { return blocks_of(work_.length()); }
  [[nodiscard]] std::int64_t blocks_shared_at_start() const override;
  [[nodiscard]] std::int64_t blocks_held() const override { return static_cast<std::int64_t>(blocks_.blocks().size()); }
  [[nodiscard]] sequence& blocks() override { return blocks_; }
  void start() override;
  void release() override;
  [[nodiscard]] std::optional<std::int64_t> blocks_to_arrange() const override;
  void arrange() override;
  [[nodiscard]] std::optional<wanted_rows> next_rows() const override;
  std::int64_t guess(std::int64_t rows, std::int64_t most) override;
  std::optional<prompt_block> share_prefix() override;

  /// Computes rows that were scheduled, and chooses the next token where it is time.
  void run(const scheduled_rows& rows);

  [[nodiscard]] bool is_running() const { return is_running_; }
  [[nodiscard]] std::int64_t accepted() const { return accepted_; }
  [[nodiscard]] bool is_to_fail() const { return work_.fails; }
  [[nodiscard]] bool is_done() const { return is_running_ && blocks_.length() == work_.length(); }

  /// Its rows, those of its base included, as far as they are known.
  [[nodiscard]] const std::vector<fake_row>& rows() const { return rows_; }

  /// What its last row came to.
  [[nodiscard]] std::uint64_t value() { return memory_->at(blocks_, blocks_.length() - 1); }

  /// Rows that it has from the beginning, with or without its base.
  [[nodiscard]] std::int64_t length() const { return blocks_.length(); }

  /// Ends it: its context takes the blocks over.
  [[nodiscard]] std::shared_ptr<fake_context> finish();

private:
  [[nodiscard]] std::int64_t base_length() const { return work_.base ? work_.base->length() : 0; }
  [[nodiscard]] bool is_to_restore() const;
  [[nodiscard]] bool is_to_read() const;
  void choose_token(std::uint64_t value);
  void run_guesses();

  std::shared_ptr<fake_memory> memory_;
  fake_work work_;
  sequence blocks_;
  std::vector<fake_row> rows_;
  std::vector<std::int32_t> guesses_;
  std::int64_t accepted_ = 0;
  std::int64_t reached_ = 0; // positions that it had once
  prefix_id prefix_ = 0;
  std::int64_t known_blocks_ = 0;
  bool is_running_ = false;
  bool has_base_ = false;
};

} // namespace avp::test
