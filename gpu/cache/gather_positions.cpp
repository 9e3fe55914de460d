// Copies keys or values out of blocks, one position of one head at a time.
#include "gpu/cache/gather_positions.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include <ATen/ATen.h>

namespace avp {

namespace {

// Dimensions of a key lie a block's positions apart.
template <std::size_t ElementBytes>
void copy_key(const std::byte* from, std::int64_t dims, std::byte* to) {
  for (std::int64_t i = 0; i < dims; ++i)
    std::memcpy(to + i * static_cast<std::int64_t>(ElementBytes),
                from + i * block_positions * static_cast<std::int64_t>(ElementBytes), ElementBytes);
}

void copy_row(const block_pool& pool, std::span<const block_id> blocks, const tensor_place& place, std::int64_t head,
              std::int64_t position, std::byte* to) {
  const auto& shape = pool.shape();
  const auto element = static_cast<std::int64_t>(pool.data().element_size());
  const auto slot = position % block_positions;
  const auto of_head =
      ((blocks[static_cast<std::size_t>(position / block_positions)] * shape.layers + place.layer) * 2 + place.part) *
          shape.kv_heads +
      head;
  const auto* start = static_cast<const std::byte*>(pool.data().const_data_ptr()) +
                      of_head * block_positions * shape.head_dim * element;
  if (place.part == 1)
    std::memcpy(to, start + slot * shape.head_dim * element, static_cast<std::size_t>(shape.head_dim * element));
  else if (element == 2)
    copy_key<2>(start + slot * element, shape.head_dim, to);
  else
    copy_key<4>(start + slot * element, shape.head_dim, to);
}

} // namespace

void gather_positions(const block_pool& pool, std::span<const block_id> blocks, const tensor_place& place,
                      std::uint64_t offset, std::span<std::byte> out) {
  const auto row_bytes = static_cast<std::uint64_t>(pool.shape().head_dim) * pool.data().element_size();
  const auto count = place.end - place.first;
  std::vector<std::byte> partial(row_bytes); // of a row of which only a part is asked for
  while (!out.empty()) {
    const auto row = static_cast<std::int64_t>(offset / row_bytes);
    const auto within = offset % row_bytes;
    const auto bytes = std::min<std::uint64_t>(row_bytes - within, out.size());
    const bool is_whole = bytes == row_bytes;
    auto* to = is_whole ? out.data() : partial.data();
    copy_row(pool, blocks, place, row / count, place.first + row % count, to);
    if (!is_whole)
      std::memcpy(out.data(), partial.data() + within, bytes);
    offset += bytes;
    out = out.subspan(bytes);
  }
}

} // namespace avp
