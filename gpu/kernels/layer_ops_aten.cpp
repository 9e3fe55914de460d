// The operations of a layer by ATen: for devices without own kernels, and what the kernels are tested against.
#include <cmath>

#include <ATen/ATen.h>

#include "gpu/kernels/layer_ops.hpp"

namespace avp::aten {

namespace {

// The first 2 · pairs of the values [rows, heads, dim], by tables [rows, 1, pairs].
at::Tensor rotated(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  const auto pairs = cos.size(2);
  const auto a = x.narrow(2, 0, pairs), b = x.narrow(2, pairs, pairs);
  return at::cat({a * cos - b * sin, b * cos + a * sin, x.narrow(2, 2 * pairs, x.size(2) - 2 * pairs)}, 2);
}

// Keys or values of all blocks of a sequence by position: [kv_heads, positions, dim].
at::Tensor by_position(const at::Tensor& part, const at::Tensor& blocks, const attention_shape& shape, bool keys) {
  const auto count = blocks.size(0);
  auto packed = part.index_select(0, blocks);
  auto turned = keys ? packed.view({count, shape.kv_heads, shape.dim, block_positions}).permute({1, 0, 3, 2})
                     : packed.view({count, shape.kv_heads, block_positions, shape.dim}).permute({1, 0, 2, 3});
  return turned.reshape({shape.kv_heads, count * block_positions, shape.dim});
}

// key, value [rows, kv_heads, dim] of one group into its blocks.
void store(const row_group& group, const at::Tensor& key, const at::Tensor& value, const attention_shape& shape,
           const at::Tensor& cache, std::int64_t layer) {
  auto keys = cache.select(1, layer).select(1, 0), values = cache.select(1, layer).select(1, 1);
  for (std::int64_t row = 0; row < group.rows;) {
    const auto position = group.first_position + row, slot = position % block_positions;
    const auto count = std::min(block_positions - slot, group.rows - row);
    const auto block = group.blocks[position / block_positions];
    keys.select(0, block)
        .view({shape.kv_heads, shape.dim, block_positions})
        .narrow(2, slot, count)
        .copy_(key.narrow(0, row, count).permute({1, 2, 0}));
    values.select(0, block)
        .view({shape.kv_heads, block_positions, shape.dim})
        .narrow(1, slot, count)
        .copy_(value.narrow(0, row, count).transpose(0, 1));
    row += count;
  }
}

} // namespace

at::Tensor residual_rms_norm(at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double epsilon,
                             at::ScalarType dtype) {
  if (y.defined())
    x.add_(y.to(x.scalar_type()));
  auto mean = x.square().mean({1}, true);
  auto scale = at::rsqrt(mean + epsilon).add_(mean, 0); // 0 · ∞ is NaN, as in the kernel
  return (x * scale * weight).to(dtype);
}

void head_rms_norm(at::Tensor& x, std::int64_t first, std::int64_t count, const at::Tensor& weight, double epsilon) {
  auto heads = x.narrow(1, first, count * weight.size(0));
  auto rows = heads.to(at::kFloat, false, true).reshape({-1, weight.size(0)});
  heads.copy_(residual_rms_norm(rows, {}, weight, epsilon, at::kFloat).view(heads.sizes()));
}

at::Tensor gated(const at::Tensor& gate_up, gate_activation activation) {
  auto halves = gate_up.to(at::kFloat).chunk(2, 1);
  const auto gate = activation == gate_activation::silu ? at::silu(halves[0]) : at::gelu(halves[0], "tanh");
  return (gate * halves[1]).to(gate_up.scalar_type());
}

at::Tensor rope_store_attend(const at::Tensor& qkv, const block_tables& tables, const at::Tensor& cos,
                             const at::Tensor& sin, const attention_shape& shape, const at::Tensor& cache,
                             std::int64_t layer) {
  const auto rows = qkv.size(0), per_key = shape.heads / shape.kv_heads;
  auto split = qkv.to(at::kFloat).view({rows, shape.heads + 2 * shape.kv_heads, shape.dim});
  auto out = at::empty({rows, shape.heads, shape.dim}, split.options());
  for (std::size_t number = 0; number < tables.groups().size(); ++number) {
    const auto& group = tables.groups()[number];
    auto part = split.narrow(0, group.first_row, group.rows);
    auto cosines = cos.narrow(0, group.first_position, group.rows).unsqueeze(1);
    auto sines = sin.narrow(0, group.first_position, group.rows).unsqueeze(1);
    auto turned = rotated(part.narrow(1, 0, shape.heads + shape.kv_heads), cosines, sines);
    store(group, turned.narrow(1, shape.heads, shape.kv_heads),
          part.narrow(1, shape.heads + shape.kv_heads, shape.kv_heads), shape, cache, layer);
    const auto length = group.first_position + group.rows;
    const auto index = tables.index_of(number, qkv.device());
    auto layer_data = cache.select(1, layer);
    auto key = by_position(layer_data.select(1, 0), index, shape, true).narrow(1, 0, length).to(at::kFloat);
    auto value = by_position(layer_data.select(1, 1), index, shape, false).narrow(1, 0, length).to(at::kFloat);
    auto query =
        turned.narrow(1, 0, shape.heads).transpose(0, 1).reshape({shape.kv_heads, per_key * group.rows, shape.dim});
    auto scores = at::bmm(query, key.transpose(1, 2)) * static_cast<double>(shape.score_scale());
    const auto every = at::ones({group.rows, length}, scores.options().dtype(at::kBool));
    auto hidden = every.triu(group.first_position + 1);
    if (shape.window > 0)
      hidden = hidden.logical_or(every.tril(group.first_position - shape.window));
    scores.masked_fill_(hidden.repeat({per_key, 1}).unsqueeze(0), -INFINITY);
    auto sums = at::bmm(at::softmax(scores, 2), value); // [kv_heads, per_key * rows, dim]
    out.narrow(0, group.first_row, group.rows).copy_(sums.view({shape.heads, group.rows, shape.dim}).transpose(0, 1));
  }
  return out.view({rows, shape.heads * shape.dim}).to(qkv.scalar_type());
}

} // namespace avp::aten
