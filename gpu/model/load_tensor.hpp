// From a tensor as it lies in the file to one on the device.
#pragma once

#include <string>

#include <ATen/core/Tensor.h>

#include "gpu/kernels/block_matrix.hpp"
#include "gpu/model/model_file.hpp"

namespace avp {

/// Dequantises a tensor of the file into `options` (dtype and device). Rows of a GGUF that lie in
/// adjacent pairs (model_file::interleaved_rope) are put back into the order that rotary embedding by halves needs.
[[nodiscard]] at::Tensor load_tensor(const model_file& file, const std::string& name, const at::TensorOptions& options);

/// Whether some tensor of the file has blocks that block_matrix can keep: those of the types that have kernels.
[[nodiscard]] bool has_blocks(const model_file& file);

/// The same tensor with the blocks that the file has, for whose type block_matrix::supports() holds.
[[nodiscard]] block_matrix load_blocks(const model_file& file, const std::string& name);

} // namespace avp
