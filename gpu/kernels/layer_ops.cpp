// The row kernels on tensors, in parallel.
#include "gpu/kernels/layer_ops.hpp"

#include <atomic>
#include <cmath>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gpu/kernels/operand_checks.hpp"
#include "gpu/kernels/row_kernels.hpp"

namespace avp {

namespace {

using bits16 = row_kernels::bits16;

// Values that are worth a second thread.
constexpr std::int64_t values_at_once = 1 << 15;

// Tiles of attention that one thread takes at a time.
constexpr std::int64_t tiles_at_once = 8;

bool has_kernels(const at::Tensor& x) { return x.device().is_cpu(); }

bool is_float(at::ScalarType dtype) { return dtype == at::kFloat; }

void check_norm(const at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, at::ScalarType dtype) {
  const operand_checks check("residual_rms_norm");
  check.dimensions("x", x, 2);
  check.type("x", x, at::kFloat);
  check.contiguous("x", x);
  if (y.defined())
    check.sizes("y", y, {x.size(0), x.size(1)});
  check.sizes("weight", weight, {x.size(1)});
  check.type("weight", weight, at::kFloat);
  check.contiguous("weight", weight);
  check.has_kernels("the result", dtype);
}

void check_attention(const at::Tensor& qkv, const block_tables& tables, const at::Tensor& cos, const at::Tensor& sin,
                     const attention_shape& shape, const at::Tensor& cache, std::int64_t layer) {
  const operand_checks check("rope_store_attend");
  check.multiple("the number of heads", shape.heads, shape.kv_heads);
  check.multiple("the size of a head", shape.dim, 2);
  check.sizes("qkv", qkv, {tables.count(), (shape.heads + 2 * shape.kv_heads) * shape.dim});
  check.contiguous("qkv", qkv);
  check.has_kernels("qkv", qkv.scalar_type());
  check.dimensions("cos", cos, 2);
  check.at_most("the number of positions", tables.positions(), cos.size(0));
  check.at_most("the number of rotated pairs", cos.size(1), shape.dim / 2);
  check.sizes("sin", sin, {cos.size(0), cos.size(1)});
  for (const auto& [name, table] : {std::pair("cos", &cos), std::pair("sin", &sin)}) {
    check.type(name, *table, at::kFloat);
    check.contiguous(name, *table);
  }
  check.dimensions("cache", cache, 5);
  check.sizes("cache", cache, {cache.size(0), cache.size(1), 2, shape.kv_heads, block_positions * shape.dim});
  check.contiguous("cache", cache);
  check.has_kernels("cache", cache.scalar_type());
  check.at_most("the largest block", tables.largest_block(), cache.size(0) - 1);
  check.at_most("the layer", layer, cache.size(1) - 1);
}

void for_rows(std::int64_t rows, std::int64_t columns, const auto& work) {
  at::parallel_for(0, rows, std::max<std::int64_t>(1, values_at_once / columns),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t row = begin; row < end; ++row)
                       work(row);
                   });
}

template <class A>
void norm_rows(row_kernels::norm<A> kernel, at::Tensor& x, const at::Tensor& y, const at::Tensor& weight,
               double epsilon, at::Tensor& out) {
  const auto columns = x.size(1);
  auto* from = x.mutable_data_ptr<float>();
  const auto* add = y.defined() ? static_cast<const A*>(y.const_data_ptr()) : nullptr;
  auto* to = static_cast<A*>(out.mutable_data_ptr());
  for_rows(x.size(0), columns, [&](std::int64_t row) {
    kernel(from + row * columns, add ? add + row * columns : nullptr, weight.const_data_ptr<float>(),
           to + row * columns, columns, static_cast<float>(epsilon));
  });
}

template <class A>
void gate_rows(row_kernels::gate<A> kernel, const at::Tensor& gate_up, at::Tensor& out) {
  const auto columns = out.size(1);
  const auto* from = static_cast<const A*>(gate_up.const_data_ptr());
  auto* to = static_cast<A*>(out.mutable_data_ptr());
  for_rows(out.size(0), columns,
           [&](std::int64_t row) { kernel(from + row * 2 * columns, to + row * columns, columns); });
}

// In place; of bfloat16 the kernel, which reads float32, is given a copy.
template <class A>
void norm_heads(row_kernels::norm<A> kernel, at::Tensor& x, std::int64_t first, std::int64_t count,
                const at::Tensor& weight, double epsilon) {
  const auto columns = x.size(1), size = weight.size(0);
  const auto part = x.narrow(1, first, count * size).to(at::kFloat);
  auto* from = part.mutable_data_ptr<float>();
  auto* to = static_cast<A*>(x.mutable_data_ptr()) + first;
  for_rows(x.size(0), count * size, [&](std::int64_t row) {
    for (std::int64_t head = 0; head < count; ++head)
      kernel(from + row * part.stride(0) + head * size, nullptr, weight.const_data_ptr<float>(),
             to + row * columns + head * size, size, static_cast<float>(epsilon));
  });
}

template <class A, class K>
void rope_store_rows(row_kernels::rope_store<A, K> kernel, const at::Tensor& qkv, const block_tables& tables,
                     const at::Tensor& cos, const at::Tensor& sin, const attention_shape& shape,
                     const at::Tensor& cache, std::int64_t layer, at::Tensor& queries) {
  const auto pairs = cos.size(1), head_stride = block_positions * shape.dim;
  const auto value_offset = shape.kv_heads * head_stride;
  auto* of_layer = static_cast<K*>(cache.mutable_data_ptr()) + layer * 2 * value_offset;
  const auto block_stride = cache.stride(0);
  const auto rows = tables.rows();
  for_rows(qkv.size(0), qkv.size(1), [&](std::int64_t row) {
    const auto [position, block] = rows[row];
    kernel({static_cast<const A*>(qkv.const_data_ptr()) + row * qkv.size(1),
            cos.const_data_ptr<float>() + position * pairs, sin.const_data_ptr<float>() + position * pairs,
            queries.mutable_data_ptr<float>() + row * queries.size(1), of_layer + block * block_stride,
            position % block_positions, value_offset, head_stride, shape.heads, shape.kv_heads, shape.dim, pairs,
            shape.score_scale()});
  });
}

// All tiles of all groups and key heads, taken by the threads as they come free: later rows of a prompt cost more.
void attend_tiles(row_kernels::attend kernel, const at::Tensor& queries, const block_tables& tables,
                  const attention_shape& shape, const at::Tensor& cache, std::int64_t layer, at::Tensor& out) {
  const auto per_key = shape.heads / shape.kv_heads;
  const auto head_stride = block_positions * shape.dim;
  const auto element = static_cast<std::int64_t>(cache.element_size());
  const auto* memory = static_cast<const char*>(cache.const_data_ptr());
  std::vector<attention_tile> tiles;
  for (const auto& group : tables.groups())
    for (std::int64_t head = 0; head < shape.kv_heads; ++head) {
      attention_tile tile;
      const auto offset = group.first_row * queries.size(1) + head * per_key * shape.dim;
      tile.queries = queries.const_data_ptr<float>() + offset;
      tile.query_stride = queries.size(1);
      tile.group = per_key;
      tile.first_position = group.first_position;
      tile.blocks = group.blocks.data();
      tile.cache = memory + ((layer * 2 * shape.kv_heads + head) * head_stride) * element;
      tile.block_stride = cache.stride(0);
      tile.value_offset = shape.kv_heads * head_stride;
      tile.dim = shape.dim;
      tile.out = static_cast<char*>(out.mutable_data_ptr()) + offset * static_cast<std::int64_t>(out.element_size());
      tile.out_stride = out.size(1);
      tile.window = shape.window;
      const auto count = group.rows * per_key;
      for (tile.first = 0; tile.first < count; tile.first += attention_queries) {
        tile.count = std::min(attention_queries, count - tile.first);
        tiles.push_back(tile);
      }
    }
  const auto number = static_cast<std::int64_t>(tiles.size());
  std::atomic<std::int64_t> next = 0;
  const auto step = std::max<std::int64_t>(1, std::min(tiles_at_once, number / (4 * at::get_num_threads())));
  at::parallel_for(0, std::min<std::int64_t>(at::get_num_threads(), number), 1, [&](std::int64_t, std::int64_t) {
    for (auto begin = next.fetch_add(step); begin < number; begin = next.fetch_add(step))
      for (auto i = begin; i < std::min(begin + step, number); ++i)
        kernel(tiles[i]);
  });
}

} // namespace

float attention_shape::score_scale() const { return scale > 0 ? scale : 1.0F / std::sqrt(static_cast<float>(dim)); }

at::Tensor residual_rms_norm(at::Tensor& x, const at::Tensor& y, const at::Tensor& weight, double epsilon,
                             at::ScalarType dtype) {
  check_norm(x, y, weight, dtype);
  if (!has_kernels(x))
    return aten::residual_rms_norm(x, y, weight, epsilon, dtype);
  const auto& kernels = cpu_row_kernels();
  auto out = at::empty({x.size(0), x.size(1)}, x.options().dtype(dtype));
  const auto added = y.defined() ? y.to(dtype).contiguous() : y;
  if (is_float(dtype))
    norm_rows<float>(kernels.norm_float, x, added, weight, epsilon, out);
  else
    norm_rows<bits16>(kernels.norm_bfloat16, x, added, weight, epsilon, out);
  return out;
}

void head_rms_norm(at::Tensor& x, std::int64_t first, std::int64_t count, const at::Tensor& weight, double epsilon) {
  const operand_checks check("head_rms_norm");
  check.dimensions("x", x, 2);
  check.contiguous("x", x);
  check.has_kernels("x", x.scalar_type());
  check.dimensions("weight", weight, 1);
  check.type("weight", weight, at::kFloat);
  check.contiguous("weight", weight);
  check.at_most("the last column", first + count * weight.size(0), x.size(1));
  if (!has_kernels(x))
    return aten::head_rms_norm(x, first, count, weight, epsilon);
  const auto& kernels = cpu_row_kernels();
  if (is_float(x.scalar_type()))
    norm_heads<float>(kernels.norm_float, x, first, count, weight, epsilon);
  else
    norm_heads<bits16>(kernels.norm_bfloat16, x, first, count, weight, epsilon);
}

at::Tensor gated(const at::Tensor& gate_up, gate_activation activation) {
  const operand_checks check("gated");
  check.dimensions("gate_up", gate_up, 2);
  check.contiguous("gate_up", gate_up);
  check.has_kernels("gate_up", gate_up.scalar_type());
  check.multiple("columns of gate_up", gate_up.size(1), 2);
  if (!has_kernels(gate_up))
    return aten::gated(gate_up, activation);
  const auto& kernels = cpu_row_kernels();
  auto out = at::empty({gate_up.size(0), gate_up.size(1) / 2}, gate_up.options());
  const bool is_silu = activation == gate_activation::silu;
  if (is_float(gate_up.scalar_type()))
    gate_rows<float>(is_silu ? kernels.silu_gate_float : kernels.gelu_gate_float, gate_up, out);
  else
    gate_rows<bits16>(is_silu ? kernels.silu_gate_bfloat16 : kernels.gelu_gate_bfloat16, gate_up, out);
  return out;
}

at::Tensor softmax(const at::Tensor& scores) {
  const operand_checks check("softmax");
  check.dimensions("scores", scores, 2);
  check.type("scores", scores, at::kFloat);
  check.contiguous("scores", scores);
  if (!has_kernels(scores))
    return at::softmax(scores, 1);
  const auto& kernels = cpu_row_kernels();
  auto out = at::empty_like(scores);
  const auto columns = scores.size(1);
  for_rows(scores.size(0), columns, [&](std::int64_t row) {
    kernels.softmax(scores.const_data_ptr<float>() + row * columns, out.mutable_data_ptr<float>() + row * columns,
                    columns);
  });
  return out;
}

at::Tensor rope_store_attend(const at::Tensor& qkv, const block_tables& tables, const at::Tensor& cos,
                             const at::Tensor& sin, const attention_shape& shape, const at::Tensor& cache,
                             std::int64_t layer) {
  check_attention(qkv, tables, cos, sin, shape, cache, layer);
  if (!has_kernels(qkv))
    return aten::rope_store_attend(qkv, tables, cos, sin, shape, cache, layer);
  const auto& kernels = cpu_row_kernels();
  auto queries = at::empty({qkv.size(0), shape.heads * shape.dim}, qkv.options().dtype(at::kFloat));
  auto out = at::empty({qkv.size(0), shape.heads * shape.dim}, qkv.options());
  const auto run = [&](auto store, auto attend) {
    rope_store_rows(store, qkv, tables, cos, sin, shape, cache, layer, queries);
    attend_tiles(attend, queries, tables, shape, cache, layer, out);
  };
  const bool wide = is_float(qkv.scalar_type()), wide_cache = is_float(cache.scalar_type());
  if (wide && wide_cache)
    run(kernels.rope_store_float_float, kernels.attend_float_float);
  else if (wide)
    run(kernels.rope_store_float_bfloat16, kernels.attend_float_bfloat16);
  else if (wide_cache)
    run(kernels.rope_store_bfloat16_float, kernels.attend_bfloat16_float);
  else
    run(kernels.rope_store_bfloat16_bfloat16, kernels.attend_bfloat16_bfloat16);
  return out;
}

} // namespace avp
