// Tries with which numbers of rows a matrix product gives the same bits.
#include "gpu/model/row_rule.hpp"

#include <algorithm>
#include <array>

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace avp {

namespace {

constexpr std::array<std::int64_t, 16> candidates = {1, 2, 4, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 320, 384, 512};

// Counts that must agree. Products for which they do not are run in tiles of one size.
constexpr std::size_t enough = 3;
constexpr std::int64_t tile = 16;

bool same_bits(const at::Tensor& a, const at::Tensor& b) { return at::equal(a.contiguous(), b.contiguous()); }

} // namespace

// The largest product is the measure. A count passes when rows at both of its ends, each given with other company, come
// out as there. Where hardly any does, the measure itself may be the odd one: then half of it is tried.
row_rule::row_rule(const product& run, std::int64_t columns, std::int64_t most, const at::TensorOptions& options) {
  const auto x = mirrored(most, columns, -1, options);
  for (auto measure = most; measure >= tile && counts_.size() < enough; measure /= 2) {
    const auto rows = x.narrow(0, 0, measure), whole = run(rows);
    counts_.clear();
    for (auto count : candidates)
      if (count <= measure && same_bits(run(rows.narrow(0, 0, count)), whole.narrow(0, 0, count)) &&
          same_bits(run(rows.narrow(0, measure - count, count)), whole.narrow(0, measure - count, count)))
        counts_.push_back(count);
  }
  if (counts_.size() < enough)
    counts_ = {tile};
}

at::Tensor row_rule::mirrored(std::int64_t rows, std::int64_t columns, double sign, const at::TensorOptions& options) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const auto half = columns / 2;
  auto values = at::zeros({rows, columns}, options);
  auto random = at::randn({rows, half}, generator, at::kFloat).to(options);
  values.narrow(1, 0, half).copy_(random);
  values.narrow(1, half, half).copy_(random).mul_(sign);
  return values;
}

at::Tensor row_rule::operator()(const product& run, const at::Tensor& x) const {
  const auto rows = x.size(0);
  const auto fitting = std::lower_bound(counts_.begin(), counts_.end(), rows);
  if (fitting != counts_.end()) {
    if (*fitting == rows)
      return run(x);
    auto padded = at::zeros({*fitting, x.size(1)}, x.options());
    padded.narrow(0, 0, rows).copy_(x);
    return run(padded).narrow(0, 0, rows);
  }
  std::vector<at::Tensor> pieces;
  for (std::int64_t row = 0; row < rows; row += counts_.back())
    pieces.push_back((*this)(run, x.narrow(0, row, std::min(counts_.back(), rows - row))));
  return at::cat(pieces);
}

} // namespace avp
