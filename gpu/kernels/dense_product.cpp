// Dense products of tensors, in parallel.
#include "gpu/kernels/dense_product.hpp"

#include <algorithm>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gpu/kernels/dense_product_avx2.hpp"
#include "gpu/kernels/kernel_path.hpp"
#include "gpu/kernels/operand_checks.hpp"

namespace avp {

namespace {

// Multiplications that are worth a second thread.
constexpr std::int64_t products_at_once = 1 << 16;

// Outputs of one thread are a multiple of a tile, so that tiles are full.
constexpr std::int64_t outputs_of_tile = 4;

#if defined(__x86_64__)
// Calls `work` with the values as the type that they are kept as.
void with_values(const at::Tensor& tensor, const auto& work) {
  if (tensor.scalar_type() == at::kFloat)
    work(tensor.const_data_ptr<float>());
  else
    work(reinterpret_cast<const std::uint16_t*>(tensor.const_data_ptr<at::BFloat16>()));
}

at::Tensor widened(const at::Tensor& x) { // [rows, inputs, up to a multiple of the group]
  const auto rows = x.size(0), inputs = x.size(1), group = dense_avx2::group;
  auto out = at::empty({rows, (inputs + group - 1) / group * group}, at::kFloat);
  auto* to = out.mutable_data_ptr<float>();
  with_values(x, [&](const auto* from) {
    at::parallel_for(0, rows, std::max<std::int64_t>(1, products_at_once / 16 / inputs),
                     [&](std::int64_t begin, std::int64_t end) {
                       for (auto row = begin; row < end; ++row)
                         dense_avx2::widen(from + row * inputs, inputs, to + row * out.size(1));
                     });
  });
  return out;
}
#endif

} // namespace

bool has_dense_product([[maybe_unused]] at::ScalarType dtype) {
  const auto path = fastest_kernel_path();
  if (path != kernel_path::avx2 && path != kernel_path::avxvnni)
    return false;
  return dtype == at::kBFloat16 || (dtype == at::kFloat && !is_intel_processor());
}

at::Tensor dense_product([[maybe_unused]] const at::Tensor& x, [[maybe_unused]] const at::Tensor& weight,
                         [[maybe_unused]] const at::Tensor& bias) {
#if defined(__x86_64__)
  const operand_checks check("dense_product");
  check.dimensions("x", x, 2);
  check.dimensions("weight", weight, 2);
  check.sizes("x", x, {x.size(0), weight.size(1)});
  check.contiguous("weight", weight);
  check.has_kernels("x", x.scalar_type());
  check.has_kernels("weight", weight.scalar_type());
  const auto rows = x.size(0), inputs = weight.size(1), outputs = weight.size(0);
  const auto from = widened(x.contiguous());
  auto sums = at::empty({rows, outputs}, at::kFloat);
  auto* to = sums.mutable_data_ptr<float>();
  with_values(weight, [&](const auto* values) {
    const auto tile_products = std::max<std::int64_t>(1, rows * inputs * outputs_of_tile);
    at::parallel_for(
        0, (outputs + outputs_of_tile - 1) / outputs_of_tile,
        std::max<std::int64_t>(1, products_at_once / tile_products), [&](std::int64_t begin, std::int64_t end) {
          dense_avx2::multiply(from.const_data_ptr<float>(), rows, from.size(1), values, inputs,
                               begin * outputs_of_tile, std::min(outputs, end * outputs_of_tile), to, outputs);
        });
  });
  if (bias.defined())
    sums.add_(bias);
  return sums.to(x.scalar_type());
#else
  TORCH_CHECK(false, "[dense_product] is for x86-64");
#endif
}

at::Tensor dense_mixture([[maybe_unused]] const at::Tensor& p, [[maybe_unused]] const at::Tensor& table) {
#if defined(__x86_64__)
  const operand_checks check("dense_mixture");
  check.dimensions("p", p, 2);
  check.dimensions("table", table, 2);
  check.sizes("p", p, {p.size(0), table.size(0)});
  check.contiguous("table", table);
  check.has_kernels("table", table.scalar_type());
  constexpr std::int64_t columns_at_once = 64;
  const auto weights = p.to(at::kFloat).contiguous();
  const auto hidden = table.size(1);
  auto out = at::empty({p.size(0), hidden}, at::kFloat);
  auto* to = out.mutable_data_ptr<float>();
  with_values(table, [&](const auto* values) {
    at::parallel_for(0, (hidden + columns_at_once - 1) / columns_at_once, 1, [&](std::int64_t begin, std::int64_t end) {
      dense_avx2::mix(weights.const_data_ptr<float>(), p.size(0), table.size(0), values, hidden,
                      begin * columns_at_once, std::min(hidden, end * columns_at_once), to);
    });
  });
  return out;
#else
  TORCH_CHECK(false, "[dense_mixture] is for x86-64");
#endif
}

} // namespace avp
