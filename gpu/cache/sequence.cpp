// Block tables, and when a block has to be copied.
#include "gpu/cache/sequence.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace avp {

sequence::sequence(std::shared_ptr<block_ledger> pool, std::span<const block_id> blocks, std::int64_t length)
    : pool_(std::move(pool)),
      blocks_(blocks.begin(), blocks.end()),
      length_(length) {
  for (auto block : blocks_)
    pool_->hold(block);
}

sequence sequence::fork(std::int64_t length) const {
  return {pool_, std::span(blocks_).first(static_cast<std::size_t>(blocks_of(length))), length};
}

sequence::sequence(sequence&& other) noexcept
    : pool_(other.pool_),
      blocks_(std::exchange(other.blocks_, {})),
      length_(std::exchange(other.length_, 0)) {}

sequence& sequence::operator=(sequence&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(blocks_, other.blocks_);
  std::swap(length_, other.length_);
  return *this;
}

// Whoever claims the positions after ours first may write them: all other holders read only what lies before. A sole
// holder can take back what a predecessor claimed and gave up.
bool sequence::tail_is_taken() const {
  const auto used = length_ % block_positions;
  return used != 0 && pool_->claimed(blocks_.back()) > used && pool_->holders(blocks_.back()) > 1;
}

std::int64_t sequence::blocks_for(std::int64_t rows) const {
  return blocks_of(length_ + rows) - static_cast<std::int64_t>(blocks_.size()) + (tail_is_taken() ? 1 : 0);
}

block_id sequence::take() {
  const auto block = pool_->take();
  if (!block)
    throw std::logic_error("extend() without enough blocks");
  return *block;
}

// Where there is no memory for its place, nobody holds the block.
void sequence::add(block_id block) {
  try {
    blocks_.push_back(block);
  } catch (...) {
    pool_->drop(block);
    throw;
  }
}

void sequence::extend(std::int64_t rows) {
  if (tail_is_taken()) {
    add(take());
    auto& tail = blocks_[blocks_.size() - 2];
    pool_->copy(tail, blocks_.back());
    std::swap(tail, blocks_.back());
    pool_->drop(blocks_.back());
    blocks_.pop_back();
  }
  claim_to(length_ + rows);
}

void sequence::extend_further(std::int64_t rows, std::int64_t more) { claim_to(length_ + rows + more); }

void sequence::claim_to(std::int64_t end) {
  while (static_cast<std::int64_t>(blocks_.size()) < blocks_of(end))
    add(take());
  for (auto index = length_ / block_positions; index < blocks_of(end); ++index)
    pool_->claim(blocks_[index], std::min(block_positions, end - index * block_positions));
}

// What this sequence claimed, nobody else has gone on in: the claim can be taken back.
void sequence::give_back_room() {
  while (static_cast<std::int64_t>(blocks_.size()) > blocks_of(length_)) {
    pool_->drop(blocks_.back());
    blocks_.pop_back();
  }
  if (const auto used = length_ % block_positions; used != 0)
    pool_->claim(blocks_.back(), used);
}

void sequence::cut(std::int64_t length) {
  length_ = length;
  give_back_room();
}

void sequence::append_shared(block_id block) {
  add(block);
  length_ += block_positions;
}

// The last block first: of a prefix that is kept, the end is forgotten before its beginning.
void sequence::clear() {
  while (!blocks_.empty()) {
    pool_->drop(blocks_.back());
    blocks_.pop_back();
  }
  length_ = 0;
}

std::vector<block_id> sequence::release() {
  length_ = 0;
  return std::exchange(blocks_, {});
}

} // namespace avp
