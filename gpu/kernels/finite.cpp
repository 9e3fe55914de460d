// Looking at exponents: those of infinities and NaNs are all ones.
#include "gpu/kernels/finite.hpp"

#include <cstring>
#include <numeric>

#include <ATen/ATen.h>

namespace avp {

namespace {

// Without branches, so that it vectorises; a float32 has 8 bits of exponent below its sign, and so has a bfloat16.
template <class Bits>
bool finite_bits(const void* values, std::int64_t count, Bits exponent) {
  const auto* bytes = static_cast<const char*>(values);
  Bits broken = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    Bits bits;
    std::memcpy(&bits, bytes + i * static_cast<std::int64_t>(sizeof bits), sizeof bits);
    broken |= static_cast<Bits>((bits & exponent) == exponent ? 1 : 0);
  }
  return broken == 0;
}

bool finite_row(const at::Tensor& rows, std::int64_t row) {
  const auto* begin = static_cast<const char*>(rows.const_data_ptr()) + row * rows.stride(0) * rows.element_size();
  return rows.scalar_type() == at::kFloat ? finite_bits<std::uint32_t>(begin, rows.size(1), 0x7f800000U)
                                          : finite_bits<std::uint16_t>(begin, rows.size(1), 0x7f80U);
}

} // namespace

bool all_finite(std::span<const float> values) {
  return finite_bits<std::uint32_t>(values.data(), static_cast<std::int64_t>(values.size()), 0x7f800000U);
}

bool all_finite(const at::Tensor& values) {
  if (!values.device().is_cpu())
    return at::isfinite(values).all().item<bool>();
  return finite_row(values.contiguous().view({1, -1}), 0);
}

finite_watch::finite_watch(std::int64_t rows, std::int64_t stages, at::Device device) {
  if (device.is_cpu())
    first_.assign(static_cast<std::size_t>(rows), -1);
  else
    sums_ = at::zeros({stages, rows}, at::TensorOptions().dtype(at::kFloat).device(device));
}

void finite_watch::see(const at::Tensor& values) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(values.size(0)));
  std::iota(all.begin(), all.end(), 0);
  see(values, all);
}

void finite_watch::see(const at::Tensor& values, std::span<const std::int64_t> rows) {
  const auto count = static_cast<std::int64_t>(rows.size());
  if (sums_.defined()) {
    auto of_stage = sums_.select(0, stage_++);
    if (count == of_stage.size(0))
      at::sum_out(of_stage, values, {1}, false, at::kFloat);
    else if (count > 0)
      of_stage.index_copy_(0, at::tensor(at::ArrayRef(rows.data(), rows.size()), at::kLong).to(sums_.device()),
                           values.sum({1}, false, at::kFloat));
    return;
  }
  for (std::int64_t i = 0; i < count; ++i)
    if (auto& first = first_[static_cast<std::size_t>(rows[static_cast<std::size_t>(i)])];
        first < 0 && !finite_row(values, i))
      first = stage_;
  ++stage_;
}

std::vector<std::int64_t> finite_watch::first_broken() const {
  if (!sums_.defined())
    return first_;
  const auto finite = at::isfinite(sums_).to(at::kCPU); // [stages, rows]
  std::vector<std::int64_t> first(static_cast<std::size_t>(finite.size(1)), -1);
  if (finite.all().item<bool>())
    return first;
  const auto seen = finite.accessor<bool, 2>();
  for (std::int64_t stage = finite.size(0) - 1; stage >= 0; --stage)
    for (std::int64_t row = 0; row < finite.size(1); ++row)
      if (!seen[stage][row])
        first[static_cast<std::size_t>(row)] = stage;
  return first;
}

} // namespace avp
