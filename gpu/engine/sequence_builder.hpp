// The cache of one request as its plan builds it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "gpu/engine/build_plan.hpp"
#include "gpu/engine/context_input.hpp"
#include "gpu/engine/loaded_model.hpp"
#include "gpu/engine/prompt_block.hpp"

namespace avp {

/// A sequence and what is to be done to it. Rows are run by others, who call extend() of blocks() before and ran()
/// after; everything else is done by arrange(). Sequences of which parts are moved stand on a stack while they are
/// made.
class sequence_builder {
public:
  sequence_builder(const loaded_model& model, std::shared_ptr<block_pool> pool, recipe_layouts& layouts)
      : model_(model),
        pool_(std::move(pool)),
        layouts_(layouts),
        sequence_(pool_) {}

  /// Begins to make a layout: with the first `lead_length` positions of `lead` where that is given and has its blocks,
  /// or else from nothing. `inputs` have to stay where they are. Returns whether `lead` was taken.
  bool begin(const recipe_layout& layout, const kv_context* lead, std::int64_t lead_length,
             std::span<const context_input> inputs);

  /// Appends to the plan.
  void then(build_step next) { plan_.push_back(std::move(next)); }
  void then_state_of(const std::shared_ptr<const recipe>& source) { avp::then_state_of(source, plan_); }
  void then_rows(row_kind kind, std::span<const std::int32_t> tokens, std::int64_t rows, bool replayed);

  /// Lets prompts from position 0 on be shared with others of the same scope.
  void share_prompts(std::int64_t scope);

  /// Drops the plan and gives all blocks back.
  void clear();

  [[nodiscard]] sequence& blocks() { return sequence_; }
  [[nodiscard]] const sequence& blocks() const { return sequence_; }

  /// All blocks that it holds now.
  [[nodiscard]] std::int64_t blocks_held() const;

  [[nodiscard]] bool is_through() const { return plan_.empty(); }

  /// The rows that come next; null where something else comes next or nothing.
  [[nodiscard]] const run_rows* next() const { return plan_.empty() ? nullptr : std::get_if<run_rows>(&plan_.front()); }

  /// Blocks that arrange() takes; nothing where rows come next or the plan is through.
  [[nodiscard]] std::optional<std::int64_t> blocks_to_arrange() const;

  /// Does what comes next. Throws request_error when bytes can't be read.
  void arrange();

  /// Whether the positions that arrange() is about to append lie in the outermost sequence, from `position` on.
  [[nodiscard]] bool appends_after(std::int64_t position) const;

  /// Takes blocks over that another prompt which begins alike has filled. Returns the block of the prompt that is to
  /// be filled next; nothing where none can be shared.
  std::optional<prompt_block> share_prefix();

  /// Counts rows that went through the layers. `hidden` [1, hidden] belongs to the last one, where it was asked for.
  void ran(std::int64_t rows, at::Tensor hidden);

  /// The state of the row that ran last, or of the context that was taken over last; undefined where it is not known.
  [[nodiscard]] const at::Tensor& hidden() const { return hidden_; }

private:
  void perform(const read_bytes& what);
  void perform(const read_slice& what);
  void perform(const open_source& what);
  void perform(const close_source& what);
  void restore_base();
  [[nodiscard]] std::optional<prompt_block> next_prompt_block() const;
  void publish_prefix();

  const loaded_model& model_;
  std::shared_ptr<block_pool> pool_;
  recipe_layouts& layouts_;
  std::span<const context_input> inputs_;
  build_plan plan_;
  sequence sequence_;
  std::vector<sequence> set_aside_;
  at::Tensor hidden_;
  const kv_context* base_ = nullptr;
  std::span<const std::int32_t> first_prompt_; // tokens from position 0 on, as long as all are a prompt
  std::int64_t known_blocks_ = 0;              // of them that are published or shared
  prefix_id prefix_ = 0;
};

} // namespace avp
