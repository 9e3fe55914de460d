// Weights as the kernels read them: the blocks of 16 outputs side by side, nothing rounded and nothing left out.
//
// A tile is 16 outputs × all inputs. It is a sequence of packed blocks, each with the scales of 16 outputs and then
// their quants, 32 inputs at a time. Quants come in groups of 64 bytes, one AVX-512 register: 4 inputs × 16 outputs,
// the byte 4 · output + input. That is what vpdpbusd multiplies with 4 activations to get 16 sums. Eight groups make 32
// inputs. Quants are unsigned: value = scale · (quant − offset) + minimum.
#pragma once

#include <cstdint>

namespace avp {

/// Outputs in a tile.
inline constexpr int tile_outputs = 16;

/// Inputs in one part of a block: those under one scale of the activations.
inline constexpr int part_inputs = 32;

/// Quants of one part before packing.
using loose_quants = std::uint8_t[tile_outputs][part_inputs];

/// Four bits a quant: groups 0–3 in the low nibbles, groups 4–7 in the high ones.
struct quants_4 {
  static constexpr int most = 15;

  std::uint8_t low[4][64];

  [[nodiscard]] int get(int output, int input) const {
    return low[input / 4 % 4][output * 4 + input % 4] >> (input / 16 * 4) & 15;
  }

  void set(const loose_quants& from) {
    for (int group = 0; group < 4; ++group)
      for (int output = 0; output < tile_outputs; ++output)
        for (int i = 0; i < 4; ++i)
          low[group][output * 4 + i] = static_cast<std::uint8_t>((from[output][group * 4 + i] & 15) |
                                                                 (from[output][group * 4 + i + 16] & 15) << 4);
  }
};

/// Five bits a quant: the fifth ones apart, bit g of a byte belongs to group g.
struct quants_5 {
  static constexpr int most = 31;

  std::uint8_t high[64];
  quants_4 nibbles;

  [[nodiscard]] int get(int output, int input) const {
    return nibbles.get(output, input) | (high[output * 4 + input % 4] >> (input / 4) & 1) << 4;
  }

  void set(const loose_quants& from) {
    nibbles.set(from);
    for (int output = 0; output < tile_outputs; ++output)
      for (int i = 0; i < 4; ++i) {
        int bits = 0;
        for (int group = 0; group < 8; ++group)
          bits |= (from[output][group * 4 + i] >> 4 & 1) << group;
        high[output * 4 + i] = static_cast<std::uint8_t>(bits);
      }
  }
};

/// Six bits a quant: the top two apart, bits 2g and 2g + 1 of high[h] belong to group 4h + g.
struct quants_6 {
  static constexpr int most = 63;

  std::uint8_t high[2][64];
  quants_4 nibbles;

  [[nodiscard]] int get(int output, int input) const {
    return nibbles.get(output, input) | (high[input / 16][output * 4 + input % 4] >> (input / 4 % 4 * 2) & 3) << 4;
  }

  void set(const loose_quants& from) {
    nibbles.set(from);
    for (int half = 0; half < 2; ++half)
      for (int output = 0; output < tile_outputs; ++output)
        for (int i = 0; i < 4; ++i) {
          int bits = 0;
          for (int group = 0; group < 4; ++group)
            bits |= (from[output][half * 16 + group * 4 + i] >> 4 & 3) << (group * 2);
          high[half][output * 4 + i] = static_cast<std::uint8_t>(bits);
        }
  }
};

/// Eight bits a quant.
struct quants_8 {
  static constexpr int most = 255;

  std::uint8_t values[8][64];

  [[nodiscard]] int get(int output, int input) const { return values[input / 4][output * 4 + input % 4]; }

  void set(const loose_quants& from) {
    for (int group = 0; group < 8; ++group)
      for (int output = 0; output < tile_outputs; ++output)
        for (int i = 0; i < 4; ++i)
          values[group][output * 4 + i] = from[output][group * 4 + i];
  }
};

/// Q4_0, Q5_0, Q8_0: d · (quant − Offset). d is float16, as in the file.
template <class Quants, int Offset>
struct offset_block {
  static constexpr int parts = 1;
  static constexpr int offset = Offset;
  static constexpr bool has_minimum = false;
  static constexpr bool has_half_scales = false;

  std::uint16_t d[tile_outputs];
  Quants quants[parts];
};

/// Q4_1, Q5_1: d · quant + m. d and m are float16, as in the file.
template <class Quants>
struct minimum_block {
  static constexpr int parts = 1;
  static constexpr int offset = 0;
  static constexpr bool has_minimum = true;
  static constexpr bool has_half_scales = false;

  std::uint16_t d[tile_outputs];
  std::uint16_t m[tile_outputs];
  Quants quants[parts];
};

/// Q4_K, Q5_K: (d · scale) · quant − d_minimum · minimum, scale and minimum (6 bits) for every 32 inputs.
template <class Quants>
struct super_block {
  static constexpr int parts = 8;
  static constexpr int offset = 0;
  static constexpr bool has_minimum = true;
  static constexpr bool has_half_scales = false;

  std::uint16_t d[tile_outputs];
  std::uint16_t d_minimum[tile_outputs];
  std::uint8_t scale[parts][tile_outputs];
  std::uint8_t minimum[parts][tile_outputs];
  Quants quants[parts];
};

/// Q6_K: (d · scale) · (quant − 32), a scale (8 bits with sign) for every 16 inputs.
struct half_scales_block {
  static constexpr int parts = 8;
  static constexpr int offset = 32;
  static constexpr bool has_minimum = false;
  static constexpr bool has_half_scales = true;

  std::uint16_t d[tile_outputs];
  std::int8_t scale[parts * 2][tile_outputs];
  quants_6 quants[parts];
};

using packed_q4_0 = offset_block<quants_4, 8>;
using packed_q4_1 = minimum_block<quants_4>;
using packed_q5_0 = offset_block<quants_5, 16>;
using packed_q5_1 = minimum_block<quants_5>;
using packed_q8_0 = offset_block<quants_8, 128>;
using packed_q4_k = super_block<quants_4>;
using packed_q5_k = super_block<quants_5>;
using packed_q6_k = half_scales_block;

/// Bytes of a packed block for each of its parts.
template <class Block>
inline constexpr int part_bytes = static_cast<int>(sizeof(Block)) / Block::parts;

} // namespace avp
