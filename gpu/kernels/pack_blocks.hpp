// From the blocks of a file to packed ones. Internal to gpu/kernels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "gpu/kernels/packed_block.hpp"
#include "gpu/model/tensor_type.hpp"

namespace avp {

/// Where the blocks of 16 outputs start in the file; null where there is no output.
using file_rows = std::array<const std::byte*, tile_outputs>;

/// Writes one tile, `blocks` packed blocks, every byte of it.
void pack_tile(tensor_type type, const file_rows& rows, std::int64_t blocks, std::byte* tile);

} // namespace avp
