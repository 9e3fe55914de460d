// A linear layer in one of the weight formats.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <ATen/core/Tensor.h>

#include "gpu/device_config.hpp"
#include "gpu/kernels/quantized_rows.hpp"
#include "gpu/model/model_file.hpp"
#include "gpu/model/row_rule.hpp"

namespace avp {

/// y = x · Wᵀ + b. A row's bits depend on that row alone.
class linear {
public:
  virtual ~linear() = default;

  /// x [rows, inputs] → [rows, outputs], both in the activations' type.
  [[nodiscard]] virtual at::Tensor apply(const at::Tensor& x) const = 0;
};

/// Loads linear layers of one model, and keeps what they have in common: the row rules of equal shapes, and the memory
/// in which activations or a matrix are made ready for a product that reads them in another format.
class linear_loader {
public:
  /// Throws model_error when the format is not for this device.
  linear_loader(const model_file& file, const model_spec& spec, at::Device device);

  /// The matrices of these names one below the other, and their biases where they have some. `most_rows`: at once.
  [[nodiscard]] std::unique_ptr<linear> load(std::span<const std::string> names, std::int64_t most_rows);

  /// Type of the activations between the layers.
  [[nodiscard]] at::ScalarType activations() const;

  /// Type in which weights are kept that the format does not change.
  [[nodiscard]] at::ScalarType plain() const;

private:
  /// Columns, rows, type of the product.
  using shape = std::tuple<std::int64_t, std::int64_t, at::ScalarType>;

  [[nodiscard]] at::Tensor stacked(std::span<const std::string> names) const;
  [[nodiscard]] at::Tensor stacked_bias(std::span<const std::string> names) const;
  [[nodiscard]] std::shared_ptr<const row_rule> rule_for(std::int64_t outputs, std::int64_t inputs,
                                                         std::int64_t most_rows, at::ScalarType dtype);
  template <class Weight>
  [[nodiscard]] std::unique_ptr<linear> load_quantized(std::span<const std::string> names, std::int64_t most_rows);

  const model_file& file_;
  const model_spec& spec_;
  at::Device device_;
  std::map<shape, std::shared_ptr<const row_rule>> rules_;
  std::shared_ptr<at::Tensor> scratch_; // flat, of the largest matrix that needs it
  std::shared_ptr<quantized_rows> rows_;
};

} // namespace avp
