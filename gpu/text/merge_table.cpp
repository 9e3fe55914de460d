// The merges of a BPE vocabulary, and the one algorithm that applies them.
#include "gpu/text/merge_table.hpp"

#include <cstddef>
#include <queue>
#include <tuple>

namespace avp {

namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);
constexpr std::int32_t gone = -1; // The id of a symbol that was merged into its left neighbour.

std::uint64_t key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U | static_cast<std::uint32_t>(right);
}

/// A symbol in a doubly linked list.
struct symbol {
  std::int32_t id;
  std::size_t previous;
  std::size_t next;
};

/// A merge that was possible when it was queued. It is out of date when one of its symbols has changed since.
struct candidate {
  std::uint32_t rank;
  std::size_t place; // Of the left symbol.
  std::int32_t left;
  std::int32_t right;
  std::int32_t merged;

  bool operator>(const candidate& other) const { return std::tie(rank, place) > std::tie(other.rank, other.place); }
};

} // namespace

void merge_table::add(std::int32_t left, std::int32_t right, std::int32_t merged) {
  merges_.try_emplace(key(left, right), merge{static_cast<std::uint32_t>(merges_.size()), merged});
}

const merge_table::merge* merge_table::find(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void merge_table::apply(std::span<const std::int32_t> symbols, std::vector<std::int32_t>& ids) const {
  std::vector<symbol> list(symbols.size());
  for (std::size_t i = 0; i < list.size(); ++i)
    list[i] = {symbols[i], i == 0 ? none : i - 1, i + 1 == list.size() ? none : i + 1};

  std::priority_queue<candidate, std::vector<candidate>, std::greater<>> queue;
  const auto consider = [&](std::size_t place) {
    if (place == none || list[place].next == none)
      return;
    const std::int32_t left = list[place].id;
    const std::int32_t right = list[list[place].next].id;
    if (const merge* possible = find(left, right))
      queue.push({possible->rank, place, left, right, possible->id});
  };
  for (std::size_t i = 0; i < list.size(); ++i)
    consider(i);

  while (!queue.empty()) {
    const candidate best = queue.top();
    queue.pop();
    symbol& left = list[best.place];
    if (left.id != best.left || left.next == none || list[left.next].id != best.right)
      continue;
    symbol& right = list[left.next];
    left.id = best.merged;
    right.id = gone;
    left.next = right.next;
    if (right.next != none)
      list[right.next].previous = best.place;
    consider(left.previous);
    consider(best.place);
  }
  for (const symbol& remaining : list)
    if (remaining.id != gone)
      ids.push_back(remaining.id);
}

} // namespace avp
