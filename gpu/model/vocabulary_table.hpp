// The embedding matrix: tokens in, scores out, and the mixture of both that a latent step needs.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <ATen/core/Tensor.h>

#include "gpu/model/linear.hpp"

namespace avp {

/// A matrix [vocab, hidden]. Results are float32; a row's bits depend on that row alone.
class vocabulary_table {
public:
  virtual ~vocabulary_table() = default;

  /// Rows of tokens: [tokens, hidden].
  [[nodiscard]] virtual at::Tensor rows(std::span<const std::int32_t> tokens) const = 0;

  /// x · Eᵀ for float32 x [rows, hidden]: [rows, vocab].
  [[nodiscard]] virtual at::Tensor scores(const at::Tensor& x) const = 0;

  /// p · E for float32 p [rows, vocab]: [rows, hidden].
  [[nodiscard]] virtual at::Tensor mixture(const at::Tensor& p) const = 0;

  /// Rows [begin, begin + count) in float32.
  [[nodiscard]] virtual at::Tensor piece(std::int64_t begin, std::int64_t count) const = 0;
};

/// Loads a table: blocks for native where the file has them, else in `dtype`.
[[nodiscard]] std::unique_ptr<vocabulary_table> load_vocabulary_table(const model_file& file, const std::string& name,
                                                                      const model_spec& spec, at::ScalarType dtype,
                                                                      at::Device device);

} // namespace avp
