// The tile registers of AMX. Internal to gpu/kernels; only on x86-64.
//
// The instructions are written out: GCC 12 takes _tile_loadconfig for a read of eight bytes and drops what was written
// to the rest of a configuration, and it does not know that tile loads read memory.
#pragma once

#include <cstdint>

namespace avp::amx {

/// The operand of ldtilecfg: how many rows, and bytes of a row, each tile register has.
struct alignas(64) tile_configuration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};
static_assert(sizeof(tile_configuration) == 64);

/// Sets the tile registers of this thread up for as long as it lives, and gives them back.
class configured_tiles {
public:
  explicit configured_tiles(const tile_configuration& configuration) {
    asm volatile("ldtilecfg %0" ::"m"(configuration));
  }
  ~configured_tiles() { asm volatile("tilerelease"); }
  configured_tiles(const configured_tiles&) = delete;
  configured_tiles& operator=(const configured_tiles&) = delete;
};

/// Tile = the rows that begin every `stride` bytes from `from` on.
template <int Tile>
[[gnu::always_inline]] inline void load_tile(const void* from, std::int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride), "i"(Tile) : "memory");
}

/// The rows of 64 bytes of a tile, one after the other.
template <int Tile>
[[gnu::always_inline]] inline void store_tile(void* to) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(std::int64_t{64}), "i"(Tile) : "memory");
}

/// Sums = A · B, both of int8: row m of A with the four bytes of column n in each row of B.
template <int Sums, int A, int B>
[[gnu::always_inline]] inline void multiply_tiles() {
  asm volatile("tilezero %%tmm%c0\n\ttdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(Sums), "i"(A), "i"(B));
}

} // namespace avp::amx
