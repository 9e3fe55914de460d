// Dequantising weights, in parallel over rows.
#include "gpu/model/load_tensor.hpp"

#include <algorithm>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gpu/model/family/families.hpp"

namespace avp {

namespace {

// Rows per piece of work: enough to keep a thread busy, few enough to stay in cache.
constexpr std::int64_t rows_at_once = 16;

template <class Value>
void dequantize_rows(const tensor_view& view, std::int64_t rows, std::int64_t columns, Value* out) {
  const std::int64_t row_bytes = columns / block_values(view.type) * block_bytes(view.type);
  at::parallel_for(0, rows, rows_at_once, [&](std::int64_t begin, std::int64_t end) {
    std::vector<float> buffer(columns);
    for (std::int64_t row = begin; row < end; ++row) {
      dequantize(view.type, view.data.data() + row * row_bytes, buffer);
      std::copy(buffer.begin(), buffer.end(), out + row * columns);
    }
  });
}

at::Tensor dequantized(const tensor_view& view, at::ScalarType dtype) {
  auto out = at::empty(view.shape, at::TensorOptions().dtype(dtype));
  const std::int64_t columns = view.shape.back();
  const std::int64_t rows = out.numel() / columns;
  if (dtype == at::kFloat)
    dequantize_rows(view, rows, columns, out.mutable_data_ptr<float>());
  else
    dequantize_rows(view, rows, columns, out.mutable_data_ptr<c10::BFloat16>());
  return out;
}

// llama.cpp stores the rows of a head so that rotation pairs lie side by side (0, half, 1, half + 1, …).
at::Tensor rows_by_halves(const at::Tensor& weight, std::int64_t head_dim) {
  const std::int64_t heads = weight.size(0) / head_dim;
  return weight.view({heads, head_dim / 2, 2, -1}).transpose(1, 2).reshape(weight.sizes());
}

bool is_interleaved(const model_file& file, const std::string& name) {
  return file.interleaved_rope && family_of(file.config).is_rotated(name);
}

} // namespace

at::Tensor load_tensor(const model_file& file, const std::string& name, const at::TensorOptions& options) {
  const auto dtype = c10::typeMetaToScalarType(options.dtype());
  auto tensor = dequantized(file.tensors.at(name), dtype);
  if (is_interleaved(file, name))
    tensor = rows_by_halves(tensor, file.config.head_dim);
  return tensor.to(options.device());
}

bool has_blocks(const model_file& file) {
  return std::any_of(file.tensors.begin(), file.tensors.end(),
                     [](const auto& tensor) { return block_matrix::supports(tensor.second.type); });
}

block_matrix load_blocks(const model_file& file, const std::string& name) {
  const auto& view = file.tensors.at(name);
  if (!is_interleaved(file, name))
    return block_matrix(view);
  auto order = at::arange(view.shape.front(), at::kLong).view({-1, 1});
  order = rows_by_halves(order, file.config.head_dim).contiguous();
  return block_matrix(view, std::span(order.const_data_ptr<std::int64_t>(), order.numel()));
}

} // namespace avp
