// Block tables, checked and laid out.
#include "gpu/kernels/block_tables.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include <ATen/ATen.h>

namespace avp {

namespace {

void check_group(const row_group& group, std::size_t number, std::int64_t first_row) {
  const auto last = group.first_position + group.rows, needed = blocks_of(last);
  const auto refuse = [&](const std::string& why) {
    throw std::invalid_argument("[block_tables] group " + std::to_string(number) + " " + why);
  };
  if (group.first_row != first_row)
    refuse("must begin with row " + std::to_string(first_row) + " but begins with " + std::to_string(group.first_row));
  if (group.rows < 1 || group.first_position < 0)
    refuse("must have rows but has " + std::to_string(group.rows) + " from position " +
           std::to_string(group.first_position) + " on");
  if (static_cast<std::int64_t>(group.blocks.size()) < needed)
    refuse("must have " + std::to_string(needed) + " blocks for " + std::to_string(last) + " positions but has " +
           std::to_string(group.blocks.size()));
}

at::Tensor index_from(std::span<const block_id> blocks, at::Device device) {
  return at::tensor(std::vector<std::int64_t>(blocks.begin(), blocks.end()), at::kLong).to(device);
}

} // namespace

block_tables::block_tables(std::vector<row_group> groups, at::Device device) : groups_(std::move(groups)) {
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    auto& group = groups_[i];
    check_group(group, i, count());
    const auto end = group.first_position + group.rows;
    group.blocks = group.blocks.first(static_cast<std::size_t>(blocks_of(end)));
    blocks_.insert(blocks_.end(), group.blocks.begin(), group.blocks.end());
    for (auto position = group.first_position; position < end; ++position)
      rows_.push_back({position, group.blocks[position / block_positions]});
    positions_ = std::max(positions_, end);
  }
  std::size_t begin = 0;
  for (auto& group : groups_) { // they may outlive the sequences' own tables
    group.blocks = std::span(std::as_const(blocks_)).subspan(begin, group.blocks.size());
    begin += group.blocks.size();
    if (!device.is_cpu())
      indices_.push_back(index_from(group.blocks, device));
  }
  if (!blocks_.empty())
    largest_block_ = *std::ranges::max_element(blocks_);
}

at::Tensor block_tables::index_of(std::size_t group, at::Device device) const {
  return indices_.empty() ? index_from(groups_[group].blocks, device) : indices_[group];
}

} // namespace avp
