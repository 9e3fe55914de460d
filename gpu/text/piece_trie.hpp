// Finds all pieces of a vocabulary that a text begins with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace avp {

/// A trie in three arrays, made once of all its texts. Const use is safe from many threads.
class piece_trie {
public:
  /// Texts with their ids, in any order; of equal texts the last one counts. Empty ones are never found.
  explicit piece_trie(std::vector<std::pair<std::string_view, std::int32_t>> pieces);

  /// Calls `found(id, length)` for each piece that `text` begins with, the shortest first.
  template <class Found>
  void each_prefix(std::string_view text, Found found) const {
    std::uint32_t at = 0;
    for (std::size_t length = 1; length <= text.size(); ++length) {
      at = child(at, static_cast<unsigned char>(text[length - 1]));
      if (at == 0)
        return;
      if (nodes_[at].id >= 0)
        found(nodes_[at].id, length);
    }
  }

private:
  struct node {
    std::uint32_t first_edge = 0; // Up to the first edge of the node behind it.
    std::int32_t id = -1;         // Of the piece that ends here.
  };

  /// The node behind an edge, or 0: no edge leads to the root.
  [[nodiscard]] std::uint32_t child(std::uint32_t from, unsigned char byte) const;

  std::vector<node> nodes_; // In breadth-first order, with one more behind the last; the root is 0.
  std::vector<unsigned char> edges_;
};

} // namespace avp
