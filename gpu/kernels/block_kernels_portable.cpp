// The block kernels in plain C++: the definition of what the fast ones compute, and the way on other machines.
#include <algorithm>
#include <cmath>

#include <c10/util/Half.h>

#include "gpu/kernels/block_kernels.hpp"

namespace avp {

namespace {

float from_half(std::uint16_t bits) { return c10::detail::fp16_ieee_to_fp32_value(bits); }

template <class Quants, int Offset>
float scale(const offset_block<Quants, Offset>& block, int, int, int output) {
  return from_half(block.d[output]);
}

template <class Quants>
float scale(const minimum_block<Quants>& block, int, int, int output) {
  return from_half(block.d[output]);
}

template <class Quants>
float minimum(const minimum_block<Quants>& block, int, int output) {
  return from_half(block.m[output]);
}

template <class Quants>
float scale(const super_block<Quants>& block, int part, int, int output) {
  return from_half(block.d[output]) * static_cast<float>(block.scale[part][output]);
}

template <class Quants>
float minimum(const super_block<Quants>& block, int part, int output) {
  return -(from_half(block.d_minimum[output]) * static_cast<float>(block.minimum[part][output]));
}

float scale(const half_scales_block& block, int part, int half, int output) {
  return from_half(block.d[output]) * static_cast<float>(block.scale[part * 2 + half][output]);
}

// One part of one output: the integer dot product of each half, the offset taken out.
template <class Block>
void dot_halves(const Block& block, int part, int output, const std::int8_t* x, std::int32_t* halves) {
  halves[0] = halves[1] = 0;
  for (int input = 0; input < part_inputs; ++input)
    halves[input / 16] += (block.quants[part].get(output, input) - Block::offset) * x[input];
}

template <class Block>
float add_part(float sum, const Block& block, int part, int output, const quantized_rows& x, std::int64_t at) {
  std::int32_t halves[2];
  dot_halves(block, part, output, x.values() + at * part_inputs, halves);
  if constexpr (Block::has_half_scales) {
    const float first = static_cast<float>(halves[0]) * scale(block, part, 0, output);
    return std::fma(std::fma(static_cast<float>(halves[1]), scale(block, part, 1, output), first), x.scales()[at], sum);
  } else {
    sum = std::fma(static_cast<float>(halves[0] + halves[1]) * scale(block, part, 0, output), x.scales()[at], sum);
    if constexpr (Block::has_minimum)
      sum = std::fma(minimum(block, part, output), x.scaled_sums()[at], sum);
    return sum;
  }
}

template <class Block>
void multiply(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const quantized_rows& x, float* out,
              std::int64_t stride) {
  const std::int64_t last = std::min(end * tile_outputs, weights.outputs);
  for (std::int64_t output = begin * tile_outputs; output < last; ++output) {
    const Block* blocks = tile_at<Block>(weights, output / tile_outputs);
    for (std::int64_t row = 0; row < x.rows(); ++row) {
      float sum = 0;
      for (std::int64_t part = 0; part < x.blocks(); ++part)
        sum = add_part(sum, blocks[part / Block::parts], static_cast<int>(part % Block::parts),
                       static_cast<int>(output % tile_outputs), x, part * x.rows() + row);
      out[row * stride + output] = sum;
    }
  }
}

// Adds lane 8 to lane 0, 9 to 1, …, then 4 to 0, 2 to 0, 1 to 0.
float sum_of_lanes(float (&lanes)[tile_outputs]) {
  for (int step = tile_outputs / 2; step > 0; step /= 2)
    for (int lane = 0; lane < step; ++lane)
      lanes[lane] += lanes[lane + step];
  return lanes[0];
}

// One row of p with one part of a chunk of tiles.
template <class Block>
void add_chunk(const packed_tiles& weights, std::int64_t begin, std::int64_t end, std::int64_t part, const float* p,
               float* sums) {
  float lanes[part_inputs][tile_outputs] = {};
  float minimums[tile_outputs] = {};
  const int in_block = static_cast<int>(part % Block::parts);
  const std::int64_t last = std::min(end * tile_outputs, weights.outputs);
  for (std::int64_t output = begin * tile_outputs; output < last; ++output) {
    const Block& block = tile_at<Block>(weights, output / tile_outputs)[part / Block::parts];
    const int lane = static_cast<int>(output % tile_outputs);
    for (int input = 0; input < part_inputs; ++input) {
      const int quant = block.quants[in_block].get(lane, input) - Block::offset;
      const float factor = p[output] * scale(block, in_block, input / 16, lane);
      lanes[input][lane] = std::fma(factor, static_cast<float>(quant), lanes[input][lane]);
    }
    if constexpr (Block::has_minimum)
      minimums[lane] = std::fma(p[output], minimum(block, in_block, lane), minimums[lane]);
  }
  const float of_minimums = sum_of_lanes(minimums);
  for (int input = 0; input < part_inputs; ++input)
    sums[input] += sum_of_lanes(lanes[input]) + of_minimums;
}

template <class Block>
void add_transposed(const packed_tiles& weights, std::int64_t begin, std::int64_t end, const float* p,
                    std::int64_t p_stride, std::int64_t rows, float* sums) {
  const std::int64_t parts = weights.blocks * Block::parts;
  for (std::int64_t tile = begin; tile < end; tile += transposed_tiles)
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t part = 0; part < parts; ++part)
        add_chunk<Block>(weights, tile, std::min(end, tile + transposed_tiles), part, p + row * p_stride,
                         sums + (row * parts + part) * part_inputs);
}

template <class Block>
constexpr block_kernels kernels_for{multiply<Block>, multiply<Block>, add_transposed<Block>};

// Half a part of one output.
template <class Block>
void dequantize_half(const Block& block, int part, int half, int output, float* out) {
  const float factor = scale(block, part, half, output);
  for (int input = half * 16; input < half * 16 + 16; ++input, ++out) {
    *out = static_cast<float>(block.quants[part].get(output, input) - Block::offset) * factor;
    if constexpr (Block::has_minimum)
      *out += minimum(block, part, output);
  }
}

} // namespace

void dequantize_output(tensor_type type, const packed_tiles& weights, std::int64_t output, float* out) {
  with_packed_block(type, [&]<class Block>(std::type_identity<Block>) {
    const Block* block = tile_at<Block>(weights, output / tile_outputs);
    for (const Block* end = block + weights.blocks; block != end; ++block)
      for (int half = 0; half < Block::parts * 2; ++half, out += 16)
        dequantize_half(*block, half / 2, half % 2, static_cast<int>(output % tile_outputs), out);
  });
}

const block_kernels& portable_block_kernels(tensor_type type) {
  return with_packed_block(
      type, []<class Block>(std::type_identity<Block>) -> const block_kernels& { return kernels_for<Block>; });
}

} // namespace avp
