// Whether numbers are finite: what a broken model, or one whose type is too small for it, gives itself away by.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

namespace avp {

/// Whether no value is an infinity or a NaN.
[[nodiscard]] bool all_finite(std::span<const float> values);

/// The same for a tensor of float32 or bfloat16 on any device.
[[nodiscard]] bool all_finite(const at::Tensor& values);

/// Watches the rows of a forward pass at its stages, one after another. On a CPU it looks at each at once; elsewhere it
/// keeps the sum of each row, which is finite where its values are, and looks at all of them at the end.
class finite_watch {
public:
  finite_watch(std::int64_t rows, std::int64_t stages, at::Device device);

  /// Takes all rows [rows, columns], float32 or bfloat16, at the next stage.
  void see(const at::Tensor& values);

  /// Takes some of the rows, which stand in ascending order in `rows`, likewise.
  void see(const at::Tensor& values, std::span<const std::int64_t> rows);

  /// For each row the first stage at which it was not finite; -1 where there is none.
  [[nodiscard]] std::vector<std::int64_t> first_broken() const;

private:
  std::vector<std::int64_t> first_; // as first_broken() gives it, on a CPU
  at::Tensor sums_;                 // [stages, rows] elsewhere
  std::int64_t stage_ = 0;
};

} // namespace avp
