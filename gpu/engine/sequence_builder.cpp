// The steps of a plan, on sequences.
#include "gpu/engine/sequence_builder.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>

#include "gpu/cache/context_slice.hpp"
#include "gpu/cache/move_positions.hpp"
#include "gpu/device_error.hpp"

namespace avp {

bool sequence_builder::begin(const recipe_layout& layout, const kv_context* lead, std::int64_t lead_length,
                             std::span<const context_input> inputs) {
  clear();
  inputs_ = inputs;
  base_ = lead;
  auto forked = lead ? lead->fork(lead_length) : std::nullopt;
  if (forked) {
    sequence_ = std::move(*forked);
    hidden_ = lead->hidden();
  }
  plan_ = plan_for(layout, sequence_.length(), layouts_);
  return forked.has_value();
}

void sequence_builder::then_rows(row_kind kind, std::span<const std::int32_t> tokens, std::int64_t rows,
                                 bool replayed) {
  if (rows > 0)
    then(run_rows{kind, tokens, rows, replayed});
}

void sequence_builder::share_prompts(std::int64_t scope) {
  if (sequence_.length() != 0 || !next() || next()->kind != row_kind::prefill)
    return;
  first_prompt_ = next()->tokens;
  prefix_ = -scope; // names of prefixes are above 0, so no two scopes have a beginning in common
}

void sequence_builder::clear() {
  sequence_.clear();
  set_aside_.clear();
  plan_.clear();
  hidden_ = at::Tensor();
  first_prompt_ = {};
  known_blocks_ = 0;
  prefix_ = 0;
}

// One that was set aside and the next one may begin with the same blocks.
std::int64_t sequence_builder::blocks_held() const {
  std::int64_t held = 0;
  const std::vector<block_id>* below = nullptr;
  const auto add = [&](const std::vector<block_id>& blocks) {
    held += static_cast<std::int64_t>(blocks.size());
    if (below)
      held -= std::mismatch(blocks.begin(), blocks.end(), below->begin(), below->end()).first - blocks.begin();
    below = &blocks;
  };
  for (const auto& waiting : set_aside_)
    add(waiting.blocks());
  add(sequence_.blocks());
  return held;
}

std::optional<std::int64_t> sequence_builder::blocks_to_arrange() const {
  if (plan_.empty() || next())
    return std::nullopt;
  if (const auto* reads = std::get_if<read_bytes>(&plan_.front()))
    return blocks_of(reads->of->imported_tokens);
  if (const auto* reads = std::get_if<read_slice>(&plan_.front()))
    return sequence_.blocks_for(reads->positions);
  if (const auto* closes = std::get_if<close_source>(&plan_.front()))
    return set_aside_.back().blocks_for(closes->length());
  return 0;
}

void sequence_builder::arrange() {
  const auto what = std::move(plan_.front());
  plan_.pop_front();
  if (const auto* reads = std::get_if<read_bytes>(&what))
    perform(*reads);
  else if (const auto* slice = std::get_if<read_slice>(&what))
    perform(*slice);
  else if (const auto* opens = std::get_if<open_source>(&what))
    perform(*opens);
  else if (const auto* closes = std::get_if<close_source>(&what))
    perform(*closes);
  else
    restore_base();
}

bool sequence_builder::appends_after(std::int64_t position) const {
  if (std::holds_alternative<read_slice>(plan_.front()))
    return sequence_.length() >= position;
  return set_aside_.size() == 1 && std::holds_alternative<close_source>(plan_.front()) &&
         set_aside_.front().length() >= position;
}

void sequence_builder::restore_base() {
  base_->restore(sequence_, hidden_);
  hidden_ = base_->hidden();
}

void sequence_builder::perform(const read_bytes& what) {
  const payload* bytes = nullptr;
  for (const auto& input : inputs_)
    if (const auto found = input.origins.find(what.of->imported); found != input.origins.end())
      bytes = &found->second;
  if (!bytes)
    throw request_error(error_code::context_mismatch, "the bytes with which a context began are not there any more");
  try {
    read_kv_payload(*bytes, *model_.identity, *pool_, sequence_);
  } catch (const request_error&) {
    throw;
  } catch (const std::runtime_error& error) { // another device took its memory back
    throw request_error(error_code::context_mismatch, std::string("the context can't be read: ") + error.what());
  }
  hidden_ = at::Tensor();
}

void sequence_builder::perform(const read_slice& what) {
  read_kv_payload(*what.slice, *model_.identity, *pool_, sequence_);
  const auto state = hidden_state_of(what.slice->meta);
  hidden_ = at::tensor(state).view({1, -1}).to(pool_->data().device());
}

void sequence_builder::perform(const open_source& what) {
  auto source = sequence_.fork(what.shared);
  build_plan more;
  const auto has_it = [&](const context_input& input) { return input.local && input.history == what.of; };
  const auto input = std::find_if(inputs_.begin(), inputs_.end(), has_it);
  if (auto forked = input != inputs_.end() ? input->local->fork(input->local->tokens()) : std::nullopt) {
    source = std::move(*forked);
    hidden_ = input->local->hidden();
  } else {
    more = plan_for(layouts_.of(what.of), what.shared, layouts_);
  }
  set_aside_.push_back(std::exchange(sequence_, std::move(source)));
  plan_.insert(plan_.begin(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

void sequence_builder::perform(const close_source& what) {
  const auto source = std::exchange(sequence_, std::move(set_aside_.back()));
  set_aside_.pop_back();
  sequence_.extend(what.length());
  for (const auto& [begin, end] : what.kept) {
    const auto offset = sequence_.length() - begin;
    if (what.rotated && offset != 0) {
      const auto turn = model_.network.rotation_by(offset);
      move_positions(*pool_, source, begin, end, sequence_, &turn);
    } else {
      move_positions(*pool_, source, begin, end, sequence_, nullptr);
    }
  }
}

// The last token of a prompt is never shared: its hidden state is needed.
std::optional<prompt_block> sequence_builder::next_prompt_block() const {
  const auto begin = sequence_.length();
  if (!set_aside_.empty() || !next() || begin != known_blocks_ * block_positions ||
      begin + block_positions >= static_cast<std::int64_t>(first_prompt_.size()))
    return std::nullopt;
  return prompt_block{prefix_, first_prompt_.subspan(begin, block_positions)};
}

std::optional<prompt_block> sequence_builder::share_prefix() {
  auto block = next_prompt_block();
  for (; block; block = next_prompt_block()) {
    const auto found = pool_->find(block->before, block->tokens);
    if (!found)
      break;
    sequence_.append_shared(found->first);
    prefix_ = found->second;
    ++known_blocks_;
    std::get<run_rows>(plan_.front()).done += block_positions;
  }
  return block;
}

// Blocks that this prompt has filled become known to others.
void sequence_builder::publish_prefix() {
  const auto full = std::min(sequence_.length(), static_cast<std::int64_t>(first_prompt_.size())) / block_positions;
  for (; known_blocks_ < full; ++known_blocks_)
    prefix_ = pool_->publish(sequence_.blocks()[known_blocks_], prefix_,
                             first_prompt_.subspan(known_blocks_ * block_positions, block_positions));
}

void sequence_builder::ran(std::int64_t rows, at::Tensor hidden) {
  auto& running = std::get<run_rows>(plan_.front());
  sequence_.advance(rows);
  running.done += rows;
  if (set_aside_.empty())
    publish_prefix();
  if (running.left() == 0 || running.kind == row_kind::latent)
    hidden_ = std::move(hidden);
  if (running.left() == 0)
    plan_.pop_front();
}

} // namespace avp
