// Finds all pieces of a vocabulary that a text begins with.
#include "gpu/text/piece_trie.hpp"

#include <algorithm>
#include <cstddef>

namespace avp {

namespace {

/// A node that is still to be made: its texts in the sorted list, and their bytes that lead to it.
struct pending_node {
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
};

} // namespace

piece_trie::piece_trie(std::vector<std::pair<std::string_view, std::int32_t>> pieces) {
  std::stable_sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<pending_node> level{{0, pieces.size(), 0}};
  // Breadth first, so the node of the edge with number e is node e + 1.
  for (std::size_t done = 0; done < level.size(); ++done) {
    auto [begin, end, depth] = level[done];
    node made{static_cast<std::uint32_t>(edges_.size()), -1};
    for (; begin < end && pieces[begin].first.size() == depth; ++begin)
      made.id = depth == 0 ? -1 : pieces[begin].second;
    while (begin < end) {
      const char byte = pieces[begin].first[depth];
      const auto first = begin;
      while (begin < end && pieces[begin].first[depth] == byte)
        ++begin;
      edges_.push_back(static_cast<unsigned char>(byte));
      level.push_back({first, begin, depth + 1});
    }
    nodes_.push_back(made);
  }
  nodes_.push_back({static_cast<std::uint32_t>(edges_.size()), -1});
}

std::uint32_t piece_trie::child(std::uint32_t from, unsigned char byte) const {
  const auto first = edges_.begin() + nodes_[from].first_edge;
  const auto last = edges_.begin() + nodes_[from + 1].first_edge;
  const auto found = std::lower_bound(first, last, byte);
  return found == last || *found != byte ? 0 : static_cast<std::uint32_t>(found - edges_.begin()) + 1;
}

} // namespace avp
