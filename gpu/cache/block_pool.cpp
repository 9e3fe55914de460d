// Blocks, their holders, and the prefixes that they hold.
#include <ATen/ATen.h>

#include <avp/gpu/cache/block_pool.hpp>

namespace avp {

std::int64_t block_shape::bytes() const {
  return layers * 2 * kv_heads * block_positions * head_dim * static_cast<std::int64_t>(c10::elementSize(dtype));
}

block_pool::block_pool(const block_shape& shape, std::int64_t blocks, at::Device device)
    : shape_(shape),
      data_(at::empty({blocks, shape.layers, 2, shape.kv_heads, block_positions * shape.head_dim},
                      at::TensorOptions().dtype(shape.dtype).device(device))),
      holders_(blocks, 0),
      claimed_(blocks, 0),
      place_in_cached_(blocks),
      prefix_of_(blocks, prefixes_.end()) {
  free_.reserve(blocks);
  for (std::int64_t block = blocks; block > 0; --block) // low ones first: memory is touched from its beginning
    free_.push_back(static_cast<block_id>(block - 1));
}

std::optional<block_id> block_pool::take() {
  block_id block = 0;
  if (!free_.empty()) {
    block = free_.back();
    free_.pop_back();
  } else if (!cached_.empty()) {
    block = cached_.front();
    cached_.pop_front();
    forget(block);
  } else {
    return std::nullopt;
  }
  holders_[block] = 1;
  claimed_[block] = 0;
  return block;
}

void block_pool::hold(block_id block) {
  if (++holders_[block] == 2)
    ++shared_;
}

void block_pool::drop(block_id block) {
  const int left = --holders_[block];
  if (left == 1)
    --shared_;
  if (left > 0)
    return;
  if (prefix_of_[block] == prefixes_.end())
    free_.push_back(block);
  else
    place_in_cached_[block] = cached_.insert(cached_.end(), block);
}

void block_pool::copy(block_id from, block_id to) {
  data_.select(0, to).copy_(data_.select(0, from));
  ++statistics_.copied;
}

prefix_id block_pool::publish(block_id block, prefix_id before, std::span<const std::int32_t> tokens) {
  auto [place, is_new] = prefixes_.try_emplace({before, {tokens.begin(), tokens.end()}});
  if (is_new) {
    place->second = {block, ++last_prefix_};
    prefix_of_[block] = place;
  }
  return place->second.id;
}

std::optional<std::pair<block_id, prefix_id>> block_pool::find(prefix_id before, std::span<const std::int32_t> tokens) {
  auto place = prefixes_.find({before, {tokens.begin(), tokens.end()}});
  if (place == prefixes_.end())
    return std::nullopt;
  const auto [block, id] = place->second;
  if (holders_[block] == 0) {
    cached_.erase(place_in_cached_[block]);
    holders_[block] = 1;
  } else {
    hold(block);
  }
  statistics_.shared_tokens += block_positions;
  return std::pair(block, id);
}

void block_pool::forget(block_id block) {
  prefixes_.erase(prefix_of_[block]);
  prefix_of_[block] = prefixes_.end();
}

void block_pool::post(std::vector<block_id> blocks) {
  const std::scoped_lock lock(posted_guard_);
  posted_.insert(posted_.end(), blocks.begin(), blocks.end());
}

void block_pool::drain() {
  std::vector<block_id> blocks;
  {
    const std::scoped_lock lock(posted_guard_);
    blocks.swap(posted_);
  }
  for (auto block : blocks)
    drop(block);
}

} // namespace avp
