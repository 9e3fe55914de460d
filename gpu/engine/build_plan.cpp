// From layouts to plans.
#include "gpu/engine/build_plan.hpp"

#include <algorithm>

#include "gpu/cache/block_pool.hpp"

namespace avp {

namespace {

// Neighbours that moved from the same context, or one stretch of another kind.
struct group {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::vector<stretch> parts;

  [[nodiscard]] position_kind kind() const { return parts.front().kind; }
};

std::vector<group> groups_of(const recipe_layout& layout, std::int64_t from) {
  std::vector<group> groups;
  auto position = from;
  for (auto& part : part_of(layout, {from, length_of(layout)})) {
    const auto length = part.length;
    const bool joins = !groups.empty() && part.kind == position_kind::moved &&
                       groups.back().kind() == position_kind::moved && groups.back().parts.front().of == part.of &&
                       groups.back().parts.front().rotated == part.rotated;
    if (!joins)
      groups.push_back({position, position, {}});
    groups.back().parts.push_back(std::move(part));
    groups.back().end += length;
    position += length;
  }
  return groups;
}

row_kind row_kind_of(position_kind kind) {
  return kind == position_kind::prefill  ? row_kind::prefill
         : kind == position_kind::latent ? row_kind::latent
                                         : row_kind::decode;
}

// Positions of a source that it shares with what is there before it is needed.
std::int64_t shared_with_source(const recipe_layout& layout, std::int64_t position, const recipe_layout& source) {
  return resume_point(source, common_length(part_of(layout, {0, position}), source));
}

} // namespace

std::int64_t close_source::length() const {
  std::int64_t sum = 0;
  for (const auto& [begin, end] : kept)
    sum += end - begin;
  return sum;
}

void then_state_of(const std::shared_ptr<const recipe>& source, build_plan& plan) {
  plan.push_back(open_source{source, 0});
  plan.push_back(close_source());
}

build_plan plan_for(const recipe_layout& layout, std::int64_t there, recipe_layouts& layouts) {
  build_plan made;
  for (const auto& group : groups_of(layout, there)) {
    const auto& first = group.parts.front();
    if (group.kind() == position_kind::moved) {
      close_source close{{}, first.rotated};
      for (const auto& part : group.parts)
        close.kept.emplace_back(part.begin, part.begin + part.length);
      made.push_back(open_source{first.of, shared_with_source(layout, group.begin, layouts.of(first.of))});
      made.push_back(std::move(close));
    } else if (group.kind() == position_kind::state) {
      then_state_of(first.of, made);
      made.push_back(run_rows{row_kind::latent, {}, group.end - group.begin, true});
    } else if (group.kind() == position_kind::imported) {
      made.push_back(read_bytes{first.of});
    } else if (group.kind() == position_kind::injected) {
      made.push_back(run_rows{row_kind::injected, {}, first.length, true, 0, first.vectors()});
    } else {
      const auto kind = row_kind_of(group.kind());
      made.push_back(run_rows{kind, kind == row_kind::latent ? std::span<const std::int32_t>() : first.tokens(),
                              first.length, true});
    }
  }
  return made;
}

std::int64_t blocks_for(const recipe_layout& layout, std::int64_t there, recipe_layouts& layouts) {
  const auto held_at = [&](std::int64_t position) { return blocks_of(position) - there / block_positions; };
  auto most = held_at(std::max(there, length_of(layout)));
  for (const auto& group : groups_of(layout, there)) {
    if (group.kind() != position_kind::moved && group.kind() != position_kind::state)
      continue;
    const auto& source = layouts.of(group.parts.front().of);
    const auto shared = shared_with_source(layout, group.begin, source);
    const auto of_source = blocks_of(length_of(source)) - shared / block_positions;
    most = std::max({most, held_at(group.begin) + blocks_for(source, shared, layouts), held_at(group.end) + of_source});
  }
  return most;
}

} // namespace avp
