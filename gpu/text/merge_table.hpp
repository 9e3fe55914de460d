// The merges of a BPE vocabulary, and the one algorithm that applies them.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace avp {

/// Which pairs of tokens become one, best first (Sennrich et al. 2016, "Neural Machine Translation of Rare Words with
/// Subword Units"). Const use is safe from many threads.
class merge_table {
public:
  /// Adds a merge that ranks after all that were added before; a pair that is known already keeps its rank.
  void add(std::int32_t left, std::int32_t right, std::int32_t merged);

  /// Merges the best-ranked neighbours of `symbols`, the leftmost first among equals, until none is left, and appends
  /// what remains to `ids`. Takes O(n log n) for n symbols.
  void apply(std::span<const std::int32_t> symbols, std::vector<std::int32_t>& ids) const;

private:
  struct merge {
    std::uint32_t rank;
    std::int32_t id;
  };

  [[nodiscard]] const merge* find(std::int32_t left, std::int32_t right) const;

  std::unordered_map<std::uint64_t, merge> merges_; // Key: both ids side by side.
};

} // namespace avp
