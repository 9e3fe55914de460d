// The weight formats.
#include "gpu/model/linear.hpp"

#include <algorithm>

#include <ATen/ATen.h>

#include "gpu/kernels/block_matrix.hpp"
#include "gpu/kernels/dense_product.hpp"
#include "gpu/model/load_tensor.hpp"
#include "gpu/model/model_error.hpp"

namespace avp {

namespace {

// Values under one scale in the int4 format.
constexpr std::int64_t int4_group = 32;

// Weights in the type of the activations.
class dense_linear final : public linear {
public:
  dense_linear(at::Tensor weight, at::Tensor bias, std::shared_ptr<const row_rule> rule)
      : weight_(std::move(weight)),
        bias_(std::move(bias)),
        rule_(std::move(rule)) {}

  at::Tensor apply(const at::Tensor& x) const override {
    return (*rule_)([this](const at::Tensor& rows) { return at::linear(rows, weight_, bias_); }, x);
  }

private:
  at::Tensor weight_, bias_;
  std::shared_ptr<const row_rule> rule_;
};

// Weights as they are kept, multiplied by a kernel that widens them on its way and asks for no row rule.
class own_product_linear final : public linear {
public:
  own_product_linear(at::Tensor weight, at::Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {}

  at::Tensor apply(const at::Tensor& x) const override { return dense_product(x, weight_, bias_); }

private:
  at::Tensor weight_, bias_;
};

// Weights in bfloat16, made float32 for every product: LayerCast, arXiv 2506.09501.
class layercast_linear final : public linear {
public:
  layercast_linear(at::Tensor weight, at::Tensor bias, std::shared_ptr<const row_rule> rule,
                   std::shared_ptr<at::Tensor> scratch)
      : weight_(std::move(weight)),
        bias_(std::move(bias)),
        rule_(std::move(rule)),
        scratch_(std::move(scratch)) {}

  at::Tensor apply(const at::Tensor& x) const override {
    const auto wide = scratch_->narrow(0, 0, weight_.numel()).view_as(weight_).copy_(weight_);
    return (*rule_)([&](const at::Tensor& rows) { return at::linear(rows, wide, bias_); }, x);
  }

private:
  at::Tensor weight_, bias_;
  std::shared_ptr<const row_rule> rule_;
  std::shared_ptr<at::Tensor> scratch_;
};

// One scale for each output, symmetric.
class int8_weight {
public:
  explicit int8_weight(const at::Tensor& weight) {
    auto scale = (weight.abs().amax({1}, true) / 127).clamp_min(1e-8).to(at::kBFloat16);
    weight_ = (weight / scale.to(at::kFloat)).round().clamp(-127, 127).to(at::kChar);
    scale_ = scale.view({-1});
  }

  [[nodiscard]] at::Tensor product(const at::Tensor& x) const { return at::_weight_int8pack_mm(x, weight_, scale_); }

private:
  at::Tensor weight_, scale_;
};

// One scale and zero point for every 32 inputs of an output.
class int4_weight {
public:
  explicit int4_weight(const at::Tensor& weight) {
    const auto outputs = weight.size(0), groups = weight.size(1) / int4_group;
    auto grouped = weight.view({outputs, groups, int4_group});
    auto low = grouped.amin({2}, true), high = grouped.amax({2}, true);
    auto scale = ((high - low) / 15).clamp_min(1e-8).to(at::kBFloat16).to(at::kFloat);
    auto zero = (low + 8 * scale).to(at::kBFloat16).to(at::kFloat); // value = (q - 8) · scale + zero
    auto q = ((grouped - zero) / scale + 8).round().clamp(0, 15).to(at::kInt).view({outputs, -1});
    weight_ = at::_convert_weight_to_int4pack_for_cpu(q, 1);
    scale_and_zero_ = at::cat({scale, zero}, 2).transpose(0, 1).to(at::kBFloat16).contiguous(); // [groups, outputs, 2]
  }

  [[nodiscard]] at::Tensor product(const at::Tensor& x) const {
    return at::_weight_int4pack_mm_for_cpu(x, weight_, int4_group, scale_and_zero_);
  }

private:
  at::Tensor weight_, scale_and_zero_;
};

// Weights quantised at load time.
template <class Weight>
class quantized_linear final : public linear {
public:
  quantized_linear(const at::Tensor& weight, at::Tensor bias, std::shared_ptr<const row_rule> rule)
      : weight_(weight),
        bias_(std::move(bias)),
        rule_(std::move(rule)) {}

  at::Tensor apply(const at::Tensor& x) const override {
    auto out = (*rule_)([this](const at::Tensor& rows) { return weight_.product(rows); }, x);
    return bias_.defined() ? out.add_(bias_) : out;
  }

private:
  Weight weight_;
  at::Tensor bias_;
  std::shared_ptr<const row_rule> rule_;
};

// The blocks of the file, as they are.
class native_linear final : public linear {
public:
  native_linear(std::vector<block_matrix> parts, at::Tensor bias, std::shared_ptr<quantized_rows> rows)
      : parts_(std::move(parts)),
        bias_(std::move(bias)),
        rows_(std::move(rows)) {
    for (const auto& part : parts_)
      outputs_ += part.outputs();
  }

  at::Tensor apply(const at::Tensor& x) const override {
    auto out = at::empty({x.size(0), outputs_}, x.options());
    rows_->assign(x.const_data_ptr<float>(), x.size(0), x.size(1), x.size(1));
    std::vector<block_product> products;
    auto* to = out.mutable_data_ptr<float>();
    for (const auto& part : parts_) {
      products.push_back({&part, to, outputs_});
      to += part.outputs();
    }
    multiply_all(products, *rows_);
    return bias_.defined() ? out.add_(bias_) : out;
  }

private:
  std::vector<block_matrix> parts_;
  at::Tensor bias_;
  std::int64_t outputs_ = 0;
  std::shared_ptr<quantized_rows> rows_; // memory kept from product to product
};

} // namespace

linear_loader::linear_loader(const model_file& file, const model_spec& spec, at::Device device)
    : file_(file),
      spec_(spec),
      device_(device),
      scratch_(std::make_shared<at::Tensor>()),
      rows_(std::make_shared<quantized_rows>()) {
  const auto format = spec.format;
  if (!device.is_cpu() &&
      (format == weight_format::native || format == weight_format::int8 || format == weight_format::int4))
    throw model_error("model '" + spec.name + "': native, int8 and int4 weights are for the CPU; on " + device.str() +
                      " use dtype = \"bfloat16\" or \"float32\"");
  const auto is_quantised = [](const auto& tensor) { return block_values(tensor.second.type) > 1; };
  if (format == weight_format::native && std::none_of(file.tensors.begin(), file.tensors.end(), is_quantised))
    throw model_error("model '" + spec.name + "' (" + spec.source +
                      ") holds no quantised blocks, so dtype = \"native\" has nothing to keep; use \"bfloat16\", "
                      "\"int8\" or \"int4\"");
}

at::ScalarType linear_loader::activations() const {
  const bool wide = spec_.format == weight_format::float32 || spec_.format == weight_format::native || spec_.layercast;
  return wide ? at::kFloat : at::kBFloat16;
}

at::ScalarType linear_loader::plain() const {
  return spec_.format == weight_format::float32 ? at::kFloat : at::kBFloat16;
}

template <class Weight>
std::unique_ptr<linear> linear_loader::load_quantized(std::span<const std::string> names, std::int64_t most_rows) {
  const auto weight = stacked(names);
  const auto outputs = weight.size(0), inputs = weight.size(1);
  auto& rule = rules_[{inputs, outputs, at::kChar}];
  if (!rule) {
    const Weight like(row_rule::mirrored(outputs, inputs, 1, at::TensorOptions().dtype(at::kFloat)));
    rule = std::make_shared<row_rule>([&](const at::Tensor& x) { return like.product(x); }, inputs, most_rows,
                                      at::TensorOptions().dtype(at::kBFloat16));
  }
  return std::make_unique<quantized_linear<Weight>>(weight, stacked_bias(names), rule);
}

std::unique_ptr<linear> linear_loader::load(std::span<const std::string> names, std::int64_t most_rows) {
  const auto inputs = file_.tensors.at(names.front()).shape.back();
  std::int64_t outputs = 0;
  bool all_blocks = true;
  for (const auto& name : names) {
    const auto& view = file_.tensors.at(name);
    outputs += view.shape.front();
    all_blocks = all_blocks && block_matrix::supports(view.type);
  }
  if (spec_.format == weight_format::int8)
    return load_quantized<int8_weight>(names, most_rows);
  if (spec_.format == weight_format::int4 && inputs % int4_group == 0 && outputs % int4_group == 0)
    return load_quantized<int4_weight>(names, most_rows);
  const auto bias = stacked_bias(names);
  if (spec_.format == weight_format::native && all_blocks) {
    std::vector<block_matrix> parts;
    for (const auto& name : names)
      parts.push_back(load_blocks(file_, name));
    return std::make_unique<native_linear>(std::move(parts), bias, rows_);
  }
  auto weight = stacked(names).to(plain());
  if (device_.is_cpu() && has_dense_product(activations()))
    return std::make_unique<own_product_linear>(std::move(weight), bias);
  auto rule = rule_for(outputs, inputs, most_rows, activations());
  if (activations() == plain())
    return std::make_unique<dense_linear>(std::move(weight), bias, std::move(rule));
  if (!scratch_->defined() || scratch_->numel() < outputs * inputs)
    *scratch_ = at::empty({outputs * inputs}, at::TensorOptions().dtype(activations()).device(device_));
  return std::make_unique<layercast_linear>(std::move(weight), bias, std::move(rule), scratch_);
}

at::Tensor linear_loader::stacked(std::span<const std::string> names) const {
  // Formats that quantise start from the exact values.
  const bool exact = spec_.format == weight_format::int8 || spec_.format == weight_format::int4;
  std::vector<at::Tensor> parts;
  for (const auto& name : names)
    parts.push_back(load_tensor(file_, name, at::TensorOptions().dtype(exact ? at::kFloat : plain()).device(device_)));
  return parts.size() == 1 ? parts.front() : at::cat(parts);
}

at::Tensor linear_loader::stacked_bias(std::span<const std::string> names) const {
  std::vector<at::Tensor> parts;
  for (const auto& name : names) {
    const auto bias = name.substr(0, name.rfind('.')) + ".bias";
    if (file_.tensors.contains(bias))
      parts.push_back(load_tensor(file_, bias, at::TensorOptions().dtype(activations()).device(device_)));
  }
  return parts.empty() ? at::Tensor() : at::cat(parts);
}

std::shared_ptr<const row_rule> linear_loader::rule_for(std::int64_t outputs, std::int64_t inputs,
                                                        std::int64_t most_rows, at::ScalarType dtype) {
  auto& rule = rules_[{inputs, outputs, dtype}];
  if (!rule) {
    const auto options = at::TensorOptions().dtype(dtype).device(device_);
    const auto weight = row_rule::mirrored(outputs, inputs, 1, options);
    rule = std::make_shared<row_rule>([&](const at::Tensor& x) { return at::linear(x, weight); }, inputs, most_rows,
                                      options);
  }
  return rule;
}

} // namespace avp
