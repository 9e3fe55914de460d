// Element and block types of the weights in model files, and how to read them as float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace avp {

/// How the weights of a tensor are stored in its file.
enum class tensor_type : std::uint8_t {
  f32,
  f16,
  bf16,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q8_0,
  q4_k,
  q5_k,
  q6_k,
  q2_k,
  q3_k,
  q8_k,
  iq4_nl,
};

/// Values in one block: 1 for plain types, 32 or 256 for quantised ones.
[[nodiscard]] std::int64_t block_values(tensor_type type);

/// Bytes of one block.
[[nodiscard]] std::int64_t block_bytes(tensor_type type);

/// The name that files and messages use: "F32", "Q4_K", …
[[nodiscard]] std::string_view to_string(tensor_type type);

/// A shape as messages show it: "[258, 32]".
[[nodiscard]] std::string shape_text(std::span<const std::int64_t> shape);

/// A tensor as it lies in the (memory-mapped) file; the mapping belongs to the model_file that gave it.
struct tensor_view {
  tensor_type type = tensor_type::f32;
  /// Row-major, outermost first; the last one is a whole number of blocks. One that the model does not need may have a
  /// size of 0, and one of a safetensors file no sizes at all.
  std::vector<std::int64_t> shape;
  std::span<const std::byte> data;
};

/// A tensor of a type that is not among these. A model may hold such ones as long as it does not need them.
struct unreadable_tensor {
  std::string type;                ///< As its file names it: "IQ2_XXS", "I64", …
  std::vector<std::int64_t> shape; ///< As in tensor_view.
};

/// Reads `out.size()` values, a whole number of blocks (else std::invalid_argument), from `data`, which starts with a
/// block and needs no alignment in memory.
void dequantize(tensor_type type, const std::byte* data, std::span<float> out);

} // namespace avp
