// Reading stored weights as float32: plain types and the block formats of GGML.
//
// A quantised block holds 32 values (Q4_0 … Q8_0, IQ4_NL) or 256 (the K types) as small integers q with their scales:
//   Q4_0, Q5_0, Q8_0   d · (q − offset)
//   Q4_1, Q5_1         d · q + m
//   IQ4_NL             d · table[q]
//   Q2_K               (d · s) · q − (dmin · m), s and m of 4 bits for every 16 values
//   Q3_K               (d · (s − 32)) · (q − 4), s of 6 bits for every 16 values
//   Q4_K, Q5_K         (d · s) · q − (dmin · m), s and m of 6 bits for every 32 values
//   Q6_K               (d · s) · (q − 32), s of 8 bits for every 16 values
//   Q8_K               d · q
// d, m and dmin are float16, d of Q8_K is float32. Nibbles: the first half of a group lies in the low ones, the second
// half in the high ones.
#include "gpu/model/tensor_type.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>

namespace avp {

namespace {

static_assert(std::endian::native == std::endian::little, "model files are little-endian and read as they are");

struct type_facts {
  std::string_view name;
  std::int64_t values;
  std::int64_t bytes;
};

// In the order of tensor_type.
constexpr std::array<type_facts, 15> facts{{{"F32", 1, 4},
                                            {"F16", 1, 2},
                                            {"BF16", 1, 2},
                                            {"Q4_0", 32, 18},
                                            {"Q4_1", 32, 20},
                                            {"Q5_0", 32, 22},
                                            {"Q5_1", 32, 24},
                                            {"Q8_0", 32, 34},
                                            {"Q4_K", 256, 144},
                                            {"Q5_K", 256, 176},
                                            {"Q6_K", 256, 210},
                                            {"Q2_K", 256, 84},
                                            {"Q3_K", 256, 110},
                                            {"Q8_K", 256, 292},
                                            {"IQ4_NL", 32, 18}}};

const type_facts& facts_of(tensor_type type) { return facts.at(static_cast<std::size_t>(type)); }

template <class Integer>
Integer load(const std::uint8_t* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Without branches, so that a loop over it vectorises. Float16 has 5 exponent bits (bias 15), float32 has 8 (bias 127).
float from_half(std::uint16_t half) {
  constexpr std::int32_t rebias = 112 << 23;
  const std::int32_t magnitude = half & 0x7fff;
  const std::int32_t infinite = -static_cast<std::int32_t>(magnitude >= 0x7c00); // Infinity and NaN: exponent all ones.
  const std::int32_t small = -static_cast<std::int32_t>(magnitude < 0x400);      // Subnormal: no hidden one.
  const std::int32_t normal = (magnitude << 13) + rebias + (infinite & rebias);
  const auto subnormal = std::bit_cast<std::int32_t>(static_cast<float>(magnitude) * 0x1p-24F);
  const auto bits = static_cast<std::uint32_t>((small & subnormal) | (~small & normal));
  return std::bit_cast<float>(bits | static_cast<std::uint32_t>(half & 0x8000) << 16);
}

float half_at(const std::uint8_t* from) { return from_half(load<std::uint16_t>(from)); }

void read_q4_0(const std::uint8_t* block, float* out) {
  const float d = half_at(block);
  const std::uint8_t* q = block + 2;
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((q[i] & 15) - 8);
    out[i + 16] = d * static_cast<float>((q[i] >> 4) - 8);
  }
}

void read_q4_1(const std::uint8_t* block, float* out) {
  const float d = half_at(block);
  const float m = half_at(block + 2);
  const std::uint8_t* q = block + 4;
  for (int i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(q[i] & 15) + m;
    out[i + 16] = d * static_cast<float>(q[i] >> 4) + m;
  }
}

// Q5_0 and Q5_1: bit i of four bytes is the fifth bit of value i. Spread to bytes of 0 or 16, in a form that
// vectorises.
void spread_fifth_bits(const std::uint8_t* bits, std::uint8_t* out) {
  constexpr std::array<std::uint8_t, 8> mask{1, 2, 4, 8, 16, 32, 64, 128};
  for (int byte = 0; byte < 4; ++byte)
    for (int i = 0; i < 8; ++i)
      out[byte * 8 + i] = (bits[byte] & mask[static_cast<std::size_t>(i)]) != 0 ? 16 : 0;
}

void read_q5_0(const std::uint8_t* block, float* out) {
  const float d = half_at(block);
  std::array<std::uint8_t, 32> fifth;
  spread_fifth_bits(block + 2, fifth.data());
  const std::uint8_t* q = block + 6;
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>(((q[i] & 15) | fifth[i]) - 16);
    out[i + 16] = d * static_cast<float>(((q[i] >> 4) | fifth[i + 16]) - 16);
  }
}

void read_q5_1(const std::uint8_t* block, float* out) {
  const float d = half_at(block);
  const float m = half_at(block + 2);
  std::array<std::uint8_t, 32> fifth;
  spread_fifth_bits(block + 4, fifth.data());
  const std::uint8_t* q = block + 8;
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * static_cast<float>((q[i] & 15) | fifth[i]) + m;
    out[i + 16] = d * static_cast<float>((q[i] >> 4) | fifth[i + 16]) + m;
  }
}

void read_q8_0(const std::uint8_t* block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 32; ++i)
    out[i] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
}

struct scale_and_minimum {
  float scale;
  float minimum;
};

// Q4_K and Q5_K pack eight pairs of 6 bits into 12 bytes: 0–3 hold the low scales, 4–7 the low minimums (6 bits each),
// 8–11 the low nibbles of the high pairs, whose top two bits are those of bytes 0–7.
scale_and_minimum sub_scale(const std::uint8_t* packed, int index) {
  if (index < 4)
    return {static_cast<float>(packed[index] & 63), static_cast<float>(packed[index + 4] & 63)};
  return {static_cast<float>((packed[index + 4] & 15) | (packed[index - 4] >> 6) << 4),
          static_cast<float>((packed[index + 4] >> 4) | (packed[index] >> 6) << 4)};
}

void read_q4_k(const std::uint8_t* block, float* out) {
  const float d = half_at(block);
  const float d_minimum = half_at(block + 2);
  for (int group = 0; group < 8; ++group) {
    const auto [s, m] = sub_scale(block + 4, group);
    const float scale = d * s;
    const float minimum = d_minimum * m;
    const std::uint8_t* q = block + 16 + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i)
      out[group * 32 + i] = scale * static_cast<float>((q[i] >> shift) & 15) - minimum;
  }
}

// The fifth bit of the values of group g is bit g of the 32 bytes of `high`.
void read_q5_k(const std::uint8_t* block, float* out) {
  const float d = half_at(block);
  const float d_minimum = half_at(block + 2);
  const std::uint8_t* high = block + 16;
  for (int group = 0; group < 8; ++group) {
    const auto [s, m] = sub_scale(block + 4, group);
    const float scale = d * s;
    const float minimum = d_minimum * m;
    const std::uint8_t* q = block + 48 + group / 2 * 32;
    const int shift = group % 2 * 4;
    for (int i = 0; i < 32; ++i)
      out[group * 32 + i] =
          scale * static_cast<float>(((q[i] >> shift) & 15) | ((high[i] >> group) & 1) << 4) - minimum;
  }
}

// Two halves of 128 values in four groups of 32: low four bits in 64 bytes (groups 0 and 1 low nibbles, 2 and 3 high
// ones), top two bits in 32 bytes (bits 2g and 2g + 1 for group g).
void read_q6_k(const std::uint8_t* block, float* out) {
  const float d = half_at(block + 208);
  for (int half = 0; half < 2; ++half) {
    const std::uint8_t* high = block + 128 + half * 32;
    const std::uint8_t* scales = block + 192 + half * 8;
    for (int group = 0; group < 4; ++group) {
      const std::uint8_t* low = block + half * 64 + group % 2 * 32;
      const int shift = group / 2 * 4;
      float* to = out + half * 128 + group * 32;
      const float first = d * static_cast<float>(static_cast<std::int8_t>(scales[group * 2]));
      const float second = d * static_cast<float>(static_cast<std::int8_t>(scales[group * 2 + 1]));
      for (int i = 0; i < 32; ++i) {
        const int q = ((low[i] >> shift) & 15) | ((high[i] >> (group * 2)) & 3) << 4;
        to[i] = (i < 16 ? first : second) * static_cast<float>(q - 32);
      }
    }
  }
}

// Two halves of 128 values in four groups of 32, bits 2g and 2g + 1 of 32 bytes for group g. A byte for every 16 values
// has their scale in the low nibble, their minimum in the high one.
void read_q2_k(const std::uint8_t* block, float* out) {
  const float d = half_at(block + 80);
  const float d_minimum = half_at(block + 82);
  for (int group = 0; group < 8; ++group) {
    const std::uint8_t* q = block + 16 + group / 4 * 32;
    const int shift = group % 4 * 2;
    for (int part = 0; part < 2; ++part) {
      const std::uint8_t packed = block[group * 2 + part];
      const float scale = d * static_cast<float>(packed & 15);
      const float minimum = d_minimum * static_cast<float>(packed >> 4);
      for (int i = part * 16; i < part * 16 + 16; ++i)
        out[group * 32 + i] = scale * static_cast<float>((q[i] >> shift) & 3) - minimum;
    }
  }
}

// Groups as in Q2_K; the third bit of the values of group g is bit g of the 32 bytes in front. Of scale j, the low four
// bits are a nibble of byte j mod 8 of twelve, the high two stand in byte 8 + j mod 4.
void read_q3_k(const std::uint8_t* block, float* out) {
  const float d = half_at(block + 108);
  const std::uint8_t* packed = block + 96;
  for (int group = 0; group < 8; ++group) {
    const std::uint8_t* q = block + 32 + group / 4 * 32;
    const int shift = group % 4 * 2;
    for (int part = 0; part < 2; ++part) {
      const int j = group * 2 + part;
      const int s = ((packed[j % 8] >> (j / 8 * 4)) & 15) | ((packed[8 + j % 4] >> (j / 4 * 2)) & 3) << 4;
      const float scale = d * static_cast<float>(s - 32);
      for (int i = part * 16; i < part * 16 + 16; ++i)
        out[group * 32 + i] =
            scale * static_cast<float>(((q[i] >> shift) & 3) - (((block[i] >> group) & 1) != 0 ? 0 : 4));
    }
  }
}

// Sums of 16 values each stand behind the values, for products with other blocks.
void read_q8_k(const std::uint8_t* block, float* out) {
  const auto d = load<float>(block);
  for (int i = 0; i < 256; ++i)
    out[i] = d * static_cast<float>(static_cast<std::int8_t>(block[4 + i]));
}

// The steps are finer around 0: ggml's table kvalues_iq4nl.
void read_iq4_nl(const std::uint8_t* block, float* out) {
  constexpr std::array<float, 16> table{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
  const float d = half_at(block);
  const std::uint8_t* q = block + 2;
  for (std::size_t i = 0; i < 16; ++i) {
    out[i] = d * table[q[i] & 15];
    out[i + 16] = d * table[q[i] >> 4];
  }
}

void read_f16(const std::uint8_t* data, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = half_at(data + 2 * i);
}

// A bfloat16 is the upper half of a float32.
void read_bf16(const std::uint8_t* data, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(data + 2 * i)) << 16);
}

template <int Values, int Bytes>
void read_blocks(void (&read)(const std::uint8_t*, float*), const std::uint8_t* data, std::span<float> out) {
  for (std::size_t done = 0; done < out.size(); done += Values, data += Bytes)
    read(data, out.data() + done);
}

} // namespace

std::int64_t block_values(tensor_type type) { return facts_of(type).values; }

std::int64_t block_bytes(tensor_type type) { return facts_of(type).bytes; }

std::string_view to_string(tensor_type type) { return facts_of(type).name; }

std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (const auto size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

void dequantize(tensor_type type, const std::byte* data, std::span<float> out) {
  if (out.size() % static_cast<std::size_t>(block_values(type)) != 0)
    throw std::invalid_argument("[dequantize] " + std::string(to_string(type)) + " has blocks of " +
                                std::to_string(block_values(type)) + " values but " + std::to_string(out.size()) +
                                " values are asked for");
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(data);
  switch (type) {
  case tensor_type::f32:
    if (!out.empty())
      std::memcpy(out.data(), bytes, out.size_bytes());
    break;
  case tensor_type::f16:
    read_f16(bytes, out);
    break;
  case tensor_type::bf16:
    read_bf16(bytes, out);
    break;
  case tensor_type::q4_0:
    read_blocks<32, 18>(read_q4_0, bytes, out);
    break;
  case tensor_type::q4_1:
    read_blocks<32, 20>(read_q4_1, bytes, out);
    break;
  case tensor_type::q5_0:
    read_blocks<32, 22>(read_q5_0, bytes, out);
    break;
  case tensor_type::q5_1:
    read_blocks<32, 24>(read_q5_1, bytes, out);
    break;
  case tensor_type::q8_0:
    read_blocks<32, 34>(read_q8_0, bytes, out);
    break;
  case tensor_type::q4_k:
    read_blocks<256, 144>(read_q4_k, bytes, out);
    break;
  case tensor_type::q5_k:
    read_blocks<256, 176>(read_q5_k, bytes, out);
    break;
  case tensor_type::q6_k:
    read_blocks<256, 210>(read_q6_k, bytes, out);
    break;
  case tensor_type::q2_k:
    read_blocks<256, 84>(read_q2_k, bytes, out);
    break;
  case tensor_type::q3_k:
    read_blocks<256, 110>(read_q3_k, bytes, out);
    break;
  case tensor_type::q8_k:
    read_blocks<256, 292>(read_q8_k, bytes, out);
    break;
  case tensor_type::iq4_nl:
    read_blocks<32, 18>(read_iq4_nl, bytes, out);
    break;
  }
}

} // namespace avp
