// What is in the weights of a model, value by value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gpu/model/model_file.hpp"

namespace avp {

/// One tensor, read from its first value to its last. Rows are those of the last dimension.
struct tensor_report {
  std::string name;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t nans = 0;
  std::int64_t infinities = 0;
  std::int64_t first_broken = -1; ///< Place of the first value that is NaN or infinite, counted over all; -1: none.
  std::int64_t zero_rows = 0;     ///< Rows in which every value is 0.

  [[nodiscard]] bool is_broken() const { return first_broken >= 0; }
};

/// Reads all values of all tensors that can be read, on all threads; blocks are dequantised, so that a scale that is
/// NaN or infinite shows in its values. In name order.
[[nodiscard]] std::vector<tensor_report> report_weights(const model_file& model);

} // namespace avp
