// Blocks, their holders, and the prefixes that they hold.
#include "gpu/cache/block_ledger.hpp"

namespace avp {

block_ledger::block_ledger(std::int64_t blocks)
    : holders_(blocks, 0),
      claimed_(blocks, 0),
      prefix_of_(blocks, prefixes_.end()) {
  free_.reserve(blocks);
  for (std::int64_t block = blocks; block > 0; --block) // low ones first: memory is touched from its beginning
    free_.push_back(static_cast<block_id>(block - 1));
  place_in_list_.reserve(blocks);
  for (std::int64_t block = 0; block < blocks; ++block)
    place_in_list_.push_back(uncached_.insert(uncached_.end(), static_cast<block_id>(block)));
}

std::optional<block_id> block_ledger::take() {
  block_id block = 0;
  if (!free_.empty()) {
    block = free_.back();
    free_.pop_back();
  } else if (!cached_.empty()) {
    block = cached_.front();
    uncached_.splice(uncached_.end(), cached_, cached_.begin());
    forget(block);
  } else {
    return std::nullopt;
  }
  holders_[block] = 1;
  claimed_[block] = 0;
  return block;
}

void block_ledger::hold(block_id block) {
  if (++holders_[block] == 2)
    ++shared_;
}

void block_ledger::drop(block_id block) {
  const int left = --holders_[block];
  if (left == 1)
    --shared_;
  if (left > 0)
    return;
  if (prefix_of_[block] == prefixes_.end())
    free_.push_back(block);
  else
    cached_.splice(cached_.end(), uncached_, place_in_list_[block]);
}

void block_ledger::copy(block_id from, block_id to) {
  copy_contents(from, to);
  ++statistics_.copied;
}

prefix_id block_ledger::publish(block_id block, prefix_id before, std::span<const std::int32_t> tokens) {
  auto [place, is_new] = prefixes_.try_emplace({before, {tokens.begin(), tokens.end()}});
  if (is_new) {
    place->second = {block, ++last_prefix_};
    prefix_of_[block] = place;
  }
  return place->second.id;
}

std::optional<std::pair<block_id, prefix_id>> block_ledger::find(prefix_id before,
                                                                 std::span<const std::int32_t> tokens) {
  auto place = prefixes_.find({before, {tokens.begin(), tokens.end()}});
  if (place == prefixes_.end())
    return std::nullopt;
  const auto [block, id] = place->second;
  if (holders_[block] == 0) {
    uncached_.splice(uncached_.end(), cached_, place_in_list_[block]);
    holders_[block] = 1;
  } else {
    hold(block);
  }
  statistics_.shared_tokens += block_positions;
  return std::pair(block, id);
}

void block_ledger::forget(block_id block) {
  prefixes_.erase(prefix_of_[block]);
  prefix_of_[block] = prefixes_.end();
}

void block_ledger::post(std::vector<block_id> blocks) {
  const std::scoped_lock lock(posted_guard_);
  posted_.insert(posted_.end(), blocks.begin(), blocks.end());
}

void block_ledger::drain() {
  std::vector<block_id> blocks;
  {
    const std::scoped_lock lock(posted_guard_);
    blocks.swap(posted_);
  }
  for (auto block : blocks)
    drop(block);
}

} // namespace avp
