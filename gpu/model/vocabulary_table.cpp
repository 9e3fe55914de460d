// Embedding matrices, dense and in blocks.
#include "gpu/model/vocabulary_table.hpp"

#include <numeric>

#include <ATen/ATen.h>

#include "gpu/kernels/block_matrix.hpp"
#include "gpu/kernels/dense_product.hpp"
#include "gpu/model/load_tensor.hpp"

namespace avp {

namespace {

// Rows of one product: over a whole vocabulary they are many values each.
constexpr std::int64_t most_rows = 64;

// What float32 and bfloat16 tables have in common.
class dense_rows : public vocabulary_table {
public:
  explicit dense_rows(at::Tensor table) : table_(std::move(table)) {}

  at::Tensor rows(std::span<const std::int32_t> tokens) const override {
    auto ids = at::empty({static_cast<std::int64_t>(tokens.size())}, at::kInt);
    std::copy(tokens.begin(), tokens.end(), ids.mutable_data_ptr<std::int32_t>());
    return at::embedding(table_, ids.to(table_.device())).to(at::kFloat);
  }

  at::Tensor piece(std::int64_t begin, std::int64_t count) const override {
    return table_.narrow(0, begin, count).to(at::kFloat);
  }

protected:
  [[nodiscard]] at::Tensor mixture_by(const row_rule& rule, const at::Tensor& p) const {
    return rule([this](const at::Tensor& rows) { return at::mm(rows, table_); }, p.to(table_.scalar_type()))
        .to(at::kFloat);
  }

  // The sum over a whole vocabulary is where float32 loses most: ATen's product of one row is off by 4e-6, of several
  // by 4e-7. float32 is to give the tokens of the AVP SDK, which takes one row at a time, so it does that too.
  [[nodiscard]] static row_rule float32_mixture_rule() { return row_rule::one_by_one(); }

  at::Tensor table_;
};

class dense_table final : public dense_rows {
public:
  explicit dense_table(at::Tensor table)
      : dense_rows(std::move(table)),
        score_rule_(score_rule()),
        mixture_rule_(mixture_rule()) {}

  at::Tensor scores(const at::Tensor& x) const override {
    return score_rule_([this](const at::Tensor& rows) { return at::linear(rows, table_); }, x.to(table_.scalar_type()))
        .to(at::kFloat);
  }

  at::Tensor mixture(const at::Tensor& p) const override { return mixture_by(mixture_rule_, p); }

private:
  [[nodiscard]] row_rule score_rule() const {
    const auto like = row_rule::mirrored(table_.size(0), table_.size(1), 1, table_.options());
    return {[&](const at::Tensor& x) { return at::linear(x, like); }, table_.size(1), most_rows, table_.options()};
  }

  [[nodiscard]] row_rule mixture_rule() const {
    if (table_.scalar_type() == at::kFloat)
      return float32_mixture_rule();
    const auto like = row_rule::mirrored(table_.size(1), table_.size(0), 1, table_.options()).t().contiguous();
    return {[&](const at::Tensor& p) { return at::mm(p, like); }, table_.size(0), most_rows, table_.options()};
  }

  row_rule score_rule_, mixture_rule_;
};

// A table that is multiplied by own kernels, but for mixtures of float32.
class own_product_table final : public dense_rows {
public:
  using dense_rows::dense_rows;

  at::Tensor scores(const at::Tensor& x) const override {
    return dense_product(x.to(table_.scalar_type()), table_, {}).to(at::kFloat);
  }

  at::Tensor mixture(const at::Tensor& p) const override {
    return table_.scalar_type() == at::kFloat ? mixture_by(float32_mixture_rule(), p) : dense_mixture(p, table_);
  }
};

class block_table final : public vocabulary_table {
public:
  explicit block_table(block_matrix table) : table_(std::move(table)) {}

  at::Tensor rows(std::span<const std::int32_t> tokens) const override {
    auto out = at::empty({static_cast<std::int64_t>(tokens.size()), table_.inputs()}, at::kFloat);
    for (std::size_t i = 0; i < tokens.size(); ++i)
      table_.row(tokens[i], out.mutable_data_ptr<float>() + static_cast<std::int64_t>(i) * table_.inputs());
    return out;
  }

  at::Tensor scores(const at::Tensor& x) const override {
    auto out = at::empty({x.size(0), table_.outputs()}, at::kFloat);
    const auto packed = x.contiguous();
    rows_.assign(packed.const_data_ptr<float>(), x.size(0), x.size(1), x.size(1));
    table_.multiply(rows_, out.mutable_data_ptr<float>(), out.size(1));
    return out;
  }

  at::Tensor mixture(const at::Tensor& p) const override {
    auto out = at::empty({p.size(0), table_.inputs()}, at::kFloat);
    const auto packed = p.contiguous();
    table_.multiply_transposed(packed.const_data_ptr<float>(), p.size(0), out.mutable_data_ptr<float>());
    return out;
  }

  at::Tensor piece(std::int64_t begin, std::int64_t count) const override {
    std::vector<std::int32_t> tokens(count);
    std::iota(tokens.begin(), tokens.end(), static_cast<std::int32_t>(begin));
    return rows(tokens);
  }

private:
  block_matrix table_;
  mutable quantized_rows rows_; // memory kept from step to step
};

} // namespace

std::unique_ptr<vocabulary_table> load_vocabulary_table(const model_file& file, const std::string& name,
                                                        const model_spec& spec, at::ScalarType dtype,
                                                        at::Device device) {
  if (spec.format == weight_format::native && block_matrix::supports(file.tensors.at(name).type))
    return std::make_unique<block_table>(load_blocks(file, name));
  auto table = load_tensor(file, name, at::TensorOptions().dtype(dtype).device(device));
  if (device.is_cpu() && has_dense_product(dtype))
    return std::make_unique<own_product_table>(std::move(table));
  return std::make_unique<dense_table>(std::move(table));
}

} // namespace avp
