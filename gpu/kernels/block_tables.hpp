// Where the rows of a forward pass stand in the cache.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "gpu/kernels/block_layout.hpp"

namespace avp {

/// Rows of one sequence in a forward pass; they lie side by side.
struct row_group {
  std::int64_t first_row = 0;
  std::int64_t rows = 0;
  std::int64_t first_position = 0;  ///< Of the first row; the others follow.
  std::span<const block_id> blocks; ///< Of the sequence, with room for all rows.
};

/// Position of one row, and the block that holds it.
struct row_place {
  std::int64_t position = 0;
  block_id block = 0;
};

/// The block tables of all sequences of a pass, made once and read by every layer.
class block_tables {
public:
  block_tables() = default;

  /// Takes groups that cover all rows of the pass in order. Throws std::invalid_argument where they do not, or one has
  /// too few blocks. On devices other than a CPU the tables lie in that device's memory, too.
  block_tables(std::vector<row_group> groups, at::Device device);

  block_tables(const block_tables&) = delete; // groups refer to blocks
  block_tables& operator=(const block_tables&) = delete;
  block_tables(block_tables&&) = default;
  block_tables& operator=(block_tables&&) = default;
  ~block_tables() = default;

  /// With the blocks that positions up to the group's last one take, and no more.
  [[nodiscard]] std::span<const row_group> groups() const { return groups_; }

  [[nodiscard]] std::span<const row_place> rows() const { return rows_; }
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(rows_.size()); }

  /// The blocks of one group as an index [blocks] int64 on a device.
  [[nodiscard]] at::Tensor index_of(std::size_t group, at::Device device) const;

  /// Positions that the furthest row needs, and the largest block of all, for checks; 0 and -1 without rows.
  [[nodiscard]] std::int64_t positions() const { return positions_; }
  [[nodiscard]] block_id largest_block() const { return largest_block_; }

private:
  std::vector<block_id> blocks_; // of all groups, one after another
  std::vector<row_group> groups_;
  std::vector<row_place> rows_;
  std::vector<at::Tensor> indices_;
  std::int64_t positions_ = 0;
  block_id largest_block_ = -1;
};

} // namespace avp
