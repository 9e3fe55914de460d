// Makes matrix products whose rows do not depend on their company.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

namespace avp {

/// With how many rows a matrix product is run. A library may choose another order of summation for another number of
/// rows; so a product is only run with row counts that were tried at load time and found to give the same bits.
class row_rule {
public:
  /// [rows, inputs] → [rows, outputs].
  using product = std::function<at::Tensor(const at::Tensor&)>;

  /// Tries a product with inputs of this many columns, up to `most` rows at once (16 or more). Its weights are to be
  /// mirrored() along the inputs: the inputs that it gets are so with the sign changed, so that sums cancel but for
  /// rounding, and any other order of summation shows in every value, also where results are rounded to bfloat16.
  row_rule(const product& run, std::int64_t columns, std::int64_t most, const at::TensorOptions& options);

  /// Random values [rows, columns] whose last half repeats the first one, times `sign`.
  [[nodiscard]] static at::Tensor mirrored(std::int64_t rows, std::int64_t columns, double sign,
                                           const at::TensorOptions& options);

  /// Every row is a product of its own.
  [[nodiscard]] static row_rule one_by_one() { return row_rule({1}); }

  /// The product of any number of rows: padded with zeros to a count that was tried, in pieces where there are more.
  [[nodiscard]] at::Tensor operator()(const product& run, const at::Tensor& x) const;

  /// The row counts that may be used, in order. Where no two counts agree this is a single one.
  [[nodiscard]] const std::vector<std::int64_t>& counts() const { return counts_; }

private:
  explicit row_rule(std::vector<std::int64_t> counts) : counts_(std::move(counts)) {}

  std::vector<std::int64_t> counts_;
};

} // namespace avp
