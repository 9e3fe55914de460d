// Products with matrices kept as float32 or bfloat16, for processors on which ATen's are slow.
#pragma once

#include <ATen/core/Tensor.h>

namespace avp {

/// Whether dense_product and dense_mixture are for arithmetic in this type on this processor: bfloat16 where there is
/// AVX2 and no AVX-512 (ATen then widens value by value), float32 where besides the processor is not Intel's (MKL runs
/// its SSE kernels there). tests/bench/kernels compares them.
[[nodiscard]] bool has_dense_product(at::ScalarType dtype);

/// x · Wᵀ + b for x [rows, inputs], W [outputs, inputs] and, if defined, b [outputs] of x's type; float32 or bfloat16
/// each. Products are summed in float32 and rounded once to x's type. A row's bits depend on that row alone,
/// and not on the type that weights are kept in. Only where has_dense_product().
[[nodiscard]] at::Tensor dense_product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// p · E for float32 p [rows, vocab] and bfloat16 or float32 E [vocab, hidden]: float32 [rows, hidden]. Summed token by
/// token in float32; a row's bits depend on that row alone. Only where has_dense_product().
[[nodiscard]] at::Tensor dense_mixture(const at::Tensor& p, const at::Tensor& table);

} // namespace avp
