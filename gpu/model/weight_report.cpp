// Reading weights row by row.
#include "gpu/model/weight_report.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <span>

#include <ATen/Parallel.h>

namespace avp {

namespace {

// Values of one piece of work for a thread.
constexpr std::int64_t values_at_once = 1 << 16;

void look_at_row(std::span<const float> row, std::int64_t begin, tensor_report& report) {
  bool is_zero = true;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const float value = row[i];
    is_zero = is_zero && value == 0;
    if (std::isfinite(value))
      continue;
    (std::isnan(value) ? report.nans : report.infinities) += 1;
    if (report.first_broken < 0)
      report.first_broken = begin + static_cast<std::int64_t>(i);
  }
  report.zero_rows += is_zero ? 1 : 0;
}

void add(const tensor_report& part, tensor_report& whole) {
  whole.nans += part.nans;
  whole.infinities += part.infinities;
  whole.zero_rows += part.zero_rows;
  if (part.is_broken())
    whole.first_broken = whole.is_broken() ? std::min(whole.first_broken, part.first_broken) : part.first_broken;
}

tensor_report report_of(const std::string& name, const tensor_view& tensor) {
  tensor_report report;
  report.name = name;
  report.rows = 1;
  report.columns = 1; // of a single value, which has no dimension
  for (const auto size : tensor.shape) {
    report.rows *= report.columns;
    report.columns = size;
  }
  if (report.columns == 0)
    return report;
  const auto row_bytes = report.columns / block_values(tensor.type) * block_bytes(tensor.type);
  std::mutex guard;
  at::parallel_for(0, report.rows, std::max<std::int64_t>(1, values_at_once / report.columns),
                   [&](std::int64_t begin, std::int64_t end) {
                     tensor_report part;
                     std::vector<float> values(static_cast<std::size_t>(report.columns));
                     for (std::int64_t row = begin; row < end; ++row) {
                       dequantize(tensor.type, tensor.data.data() + row * row_bytes, values);
                       look_at_row(values, row * report.columns, part);
                     }
                     const std::lock_guard lock(guard);
                     add(part, report);
                   });
  return report;
}

} // namespace

std::vector<tensor_report> report_weights(const model_file& model) {
  std::vector<tensor_report> reports;
  for (const auto& [name, tensor] : model.tensors)
    reports.push_back(report_of(name, tensor));
  return reports;
}

} // namespace avp
