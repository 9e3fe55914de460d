// Taking file blocks apart (their formats are explained in gpu/model/tensor_type.cpp) and putting them side by side.
#include "gpu/kernels/pack_blocks.hpp"

#include <cstring>

#include "gpu/kernels/block_kernels.hpp"

namespace avp {

namespace {

std::uint16_t half_at(const std::uint8_t* from) {
  std::uint16_t bits;
  std::memcpy(&bits, from, sizeof bits);
  return bits;
}

// Quants of the blocks of 32, from behind the scales.
void read_quants(const quants_4*, const std::uint8_t* from, std::uint8_t* to) {
  for (int i = 0; i < 16; ++i) {
    to[i] = from[i] & 15;
    to[i + 16] = static_cast<std::uint8_t>(from[i] >> 4);
  }
}

void read_quants(const quants_5*, const std::uint8_t* from, std::uint8_t* to) {
  read_quants(static_cast<const quants_4*>(nullptr), from + 4, to);
  for (int i = 0; i < 32; ++i)
    to[i] = static_cast<std::uint8_t>(to[i] | (from[i / 8] >> (i % 8) & 1) << 4);
}

// Signed in the file.
void read_quants(const quants_8*, const std::uint8_t* from, std::uint8_t* to) {
  for (int i = 0; i < 32; ++i)
    to[i] = from[i] ^ 0x80;
}

// Everything of one output but its quants, and the quants of one part.
template <class Quants, int Offset>
void read_scales(const std::uint8_t* from, offset_block<Quants, Offset>& to, int output) {
  to.d[output] = half_at(from);
}

template <class Quants, int Offset>
void read_part(const offset_block<Quants, Offset>& block, const std::uint8_t* from, int, std::uint8_t* to) {
  read_quants(block.quants, from + 2, to);
}

template <class Quants>
void read_scales(const std::uint8_t* from, minimum_block<Quants>& to, int output) {
  to.d[output] = half_at(from);
  to.m[output] = half_at(from + 2);
}

template <class Quants>
void read_part(const minimum_block<Quants>& block, const std::uint8_t* from, int, std::uint8_t* to) {
  read_quants(block.quants, from + 4, to);
}

// Twelve bytes hold eight pairs of 6 bits.
template <class Quants>
void read_scales(const std::uint8_t* from, super_block<Quants>& to, int output) {
  to.d[output] = half_at(from);
  to.d_minimum[output] = half_at(from + 2);
  const std::uint8_t* packed = from + 4;
  for (int i = 0; i < 4; ++i) {
    to.scale[i][output] = packed[i] & 63;
    to.minimum[i][output] = packed[i + 4] & 63;
    to.scale[i + 4][output] = static_cast<std::uint8_t>((packed[i + 8] & 15) | (packed[i] >> 6) << 4);
    to.minimum[i + 4][output] = static_cast<std::uint8_t>((packed[i + 8] >> 4) | (packed[i + 4] >> 6) << 4);
  }
}

void read_part(const packed_q4_k&, const std::uint8_t* from, int part, std::uint8_t* to) {
  const std::uint8_t* nibbles = from + 16 + part / 2 * 32;
  for (int i = 0; i < 32; ++i)
    to[i] = nibbles[i] >> (part % 2 * 4) & 15;
}

void read_part(const packed_q5_k&, const std::uint8_t* from, int part, std::uint8_t* to) {
  const std::uint8_t* high = from + 16;
  const std::uint8_t* nibbles = from + 48 + part / 2 * 32;
  for (int i = 0; i < 32; ++i)
    to[i] = static_cast<std::uint8_t>((nibbles[i] >> (part % 2 * 4) & 15) | (high[i] >> part & 1) << 4);
}

void read_scales(const std::uint8_t* from, packed_q6_k& to, int output) {
  to.d[output] = half_at(from + 208);
  for (int i = 0; i < 16; ++i)
    to.scale[i][output] = static_cast<std::int8_t>(from[192 + i]);
}

void read_part(const packed_q6_k&, const std::uint8_t* from, int part, std::uint8_t* to) {
  const std::uint8_t* low = from + part / 4 * 64 + part % 2 * 32;
  const std::uint8_t* high = from + 128 + part / 4 * 32;
  for (int i = 0; i < 32; ++i)
    to[i] = static_cast<std::uint8_t>((low[i] >> (part / 2 % 2 * 4) & 15) | (high[i] >> (part % 4 * 2) & 3) << 4);
}

template <class Block>
void pack(const file_rows& rows, std::int64_t file_block_bytes, Block& to, std::int64_t index) {
  std::memset(&to, 0, sizeof to);
  loose_quants quants[Block::parts] = {};
  for (int output = 0; output < tile_outputs; ++output) {
    const std::byte* row = rows[static_cast<std::size_t>(output)];
    if (row == nullptr)
      continue;
    const auto* from = reinterpret_cast<const std::uint8_t*>(row + index * file_block_bytes);
    read_scales(from, to, output);
    for (int part = 0; part < Block::parts; ++part)
      read_part(to, from, part, quants[part][output]);
  }
  for (int part = 0; part < Block::parts; ++part)
    to.quants[part].set(quants[part]);
}

} // namespace

void pack_tile(tensor_type type, const file_rows& rows, std::int64_t blocks, std::byte* tile) {
  with_packed_block(type, [&]<class Block>(std::type_identity<Block>) {
    auto* to = reinterpret_cast<Block*>(tile);
    for (std::int64_t index = 0; index < blocks; ++index)
      pack(rows, block_bytes(type), to[index], index);
  });
}

} // namespace avp
