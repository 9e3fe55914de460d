// The code of row_kernels, compiled once for each level of the instruction set: the including file opens the namespace
// of its level. Only headers without inline functions may be used here, because the linker would take one level's copy
// for all.

#include "gpu/kernels/row_vector.hpp"

constexpr std::int64_t positions = 32; // of a block
constexpr std::int64_t max_dim = 256;  // of a head

// e^x for x ≤ 0: x = n ln 2 + r with |r| ≤ ln 2 / 2, e^r by its Taylor polynomial of degree 7 (error under 1 ulp
// there), times 2^n. Below -87 the result is 0. A NaN stays one, so that it is seen in what comes of it.
AVP_INLINE vector_f exponential(vector_f x) {
  const vector_f kept = larger(x, all(-87.0F));
  const vector_f shift = all(12582912.0F); // adding 1.5 · 2^23 rounds to a whole number
  const vector_f n = fused(kept, all(1.44269504F), shift) - shift;
  const vector_f r = fused(n, all(2.12194440e-4F), fused(n, all(-0.693359375F), kept));
  vector_f p = all(1.0F / 5040);
  p = fused(p, r, all(1.0F / 720));
  p = fused(p, r, all(1.0F / 120));
  p = fused(p, r, all(1.0F / 24));
  p = fused(p, r, all(1.0F / 6));
  p = fused(p, r, all(0.5F));
  p = fused(p, r, all(1.0F));
  p = fused(p, r, all(1.0F));
  return where_less(x, all(-87.0F), all(0.0F), where_number(x, p * power_of_two(n)));
}

AVP_INLINE float exponential(float x) { return first_of(exponential(all(x))); }

// A row whose squares are too large for their sum becomes NaN: all zeros would look like an answer.
template <class A>
void normalise(float* x, const A* y, const float* weight, A* out, std::int64_t columns, float epsilon) {
  vector_f squares = all(0.0F);
  float rest = 0;
  const std::int64_t whole = columns / lanes * lanes;
  for (std::int64_t i = 0; i < whole; i += lanes) {
    vector_f value = load(x + i);
    if (y) {
      value = value + load(y + i);
      save(x + i, value);
    }
    squares = fused(value, value, squares);
  }
  for (std::int64_t i = whole; i < columns; ++i) {
    if (y)
      x[i] += one(y + i);
    rest = fused(x[i], x[i], rest);
  }
  const float mean = (sum_of(squares) + rest) / static_cast<float>(columns);
  const float scale = mean < __builtin_inff() ? 1.0F / __builtin_sqrtf(mean + epsilon) : __builtin_nanf("");
  for (std::int64_t i = 0; i < whole; i += lanes)
    save(out + i, load(x + i) * all(scale) * load(weight + i));
  for (std::int64_t i = whole; i < columns; ++i)
    put(out + i, x[i] * scale * weight[i]);
}

// x / (1 + e^-s), with the exponent never above 0.
AVP_INLINE vector_f by_sigmoid(vector_f x, vector_f s) {
  const vector_f none = all(0.0F), unit = all(1.0F);
  const vector_f e = exponential(where_less(s, none, s, none - s));
  return x * where_less(s, none, e, unit) / (unit + e);
}

struct silu {
  AVP_INLINE vector_f of(vector_f x) { return by_sigmoid(x, x); }
};

// x/2 · (1 + tanh u) = x / (1 + e^-2u) for u = √(2/π) · (x + 0.044715 x³).
struct gelu_tanh {
  AVP_INLINE vector_f of(vector_f x) {
    const vector_f inner = fused(x * x, all(0.0713548163F), all(1.59576912F)); // 2√(2/π) · (0.044715 x² + 1)
    return by_sigmoid(x, x * inner);
  }
};

template <class A, class Activation>
void gate(const A* gate_up, A* out, std::int64_t columns) {
  const A* up = gate_up + columns;
  const std::int64_t whole = columns / lanes * lanes;
  for (std::int64_t i = 0; i < whole; i += lanes)
    save(out + i, Activation::of(load(gate_up + i)) * load(up + i));
  for (std::int64_t i = whole; i < columns; ++i) {
    put(out + i, first_of(Activation::of(all(one(gate_up + i)))) * one(up + i));
  }
}

template <class A, class K>
void rope_store(const row_kernels::rotated_row<A, K>& row) {
  const std::int64_t half = row.pairs, dim = row.dim;
  const float *cos = row.cos, *sin = row.sin;
  const float scale = row.scale;
  const A* qkv = row.qkv;
  float* queries = row.queries;
  for (std::int64_t head = 0; head < row.heads; ++head, qkv += dim, queries += dim) {
    for (std::int64_t i = 0; i < half; ++i) {
      const float a = one(qkv + i), b = one(qkv + half + i);
      queries[i] = (a * cos[i] - b * sin[i]) * scale;
      queries[half + i] = (b * cos[i] + a * sin[i]) * scale;
    }
    for (std::int64_t i = 2 * half; i < dim; ++i)
      queries[i] = one(qkv + i) * scale;
  }
  for (std::int64_t head = 0; head < row.kv_heads; ++head, qkv += dim) {
    K* keys = row.block + head * row.head_stride + row.slot; // [dim, positions]
    for (std::int64_t i = 0; i < half; ++i) {
      const float a = one(qkv + i), b = one(qkv + half + i);
      put(keys + i * positions, a * cos[i] - b * sin[i]);
      put(keys + (half + i) * positions, b * cos[i] + a * sin[i]);
    }
    for (std::int64_t i = 2 * half; i < dim; ++i)
      put(keys + i * positions, one(qkv + i));
  }
  for (std::int64_t head = 0; head < row.kv_heads; ++head, qkv += dim) {
    K* values = row.block + head * row.head_stride + row.value_offset + row.slot * dim; // [positions, dim]
    for (std::int64_t i = 0; i < dim; ++i)
      put(values + i, one(qkv + i));
  }
}

// Queries that go through the keys and values together, and registers for their sums.
#if defined(__AVX512F__)
constexpr int queries_together = 8;
constexpr int sum_vectors = 16;
#else
constexpr int queries_together = 4;
constexpr int sum_vectors = 4;
#endif

// Sums of each of Q queries that are held at a time, of `most` that there are.
template <int Q>
constexpr int vectors_of(int most) {
  int vectors = most;
  while (vectors > 1 && vectors * Q > sum_vectors)
    vectors /= 2;
  return vectors;
}

// sum[q] += factors[q][i] · row i of `from`, in the order of the rows, which lie `step` apart.
template <int Q, int Vectors, class K, class Factors>
AVP_INLINE void add_rows(vector_f (&sum)[Q][Vectors], const K* from, std::int64_t step, std::int64_t count,
                         const Factors& factors) {
  for (std::int64_t i = 0; i < count; ++i) {
    vector_f row[Vectors];
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      row[v] = load(from + i * step + v * lanes);
#pragma GCC unroll 8
    for (int q = 0; q < Q; ++q)
#pragma GCC unroll 4
      for (int v = 0; v < Vectors; ++v)
        sum[q][v] = fused(all(factors[q][i]), row[v], sum[q][v]);
  }
}

// Scores of Q queries with the keys at Vectors · 16 positions from `begin` on: each sum goes through the dimensions in
// their order.
template <class K, int Q, int Vectors>
AVP_INLINE void score(const K* keys, std::int64_t begin, std::int64_t dim, const float* const (&queries)[Q],
                      float (*scores)[positions]) {
  vector_f sum[Q][Vectors];
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      sum[q][v] = all(0.0F);
  add_rows(sum, keys + begin, positions, dim, queries);
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      save(scores[q] + begin + v * lanes, sum[q][v]);
}

// Weighted values of one block added to sums [Q, width]; each sum goes through the positions in their order.
template <class K, int Q, int Vectors>
AVP_INLINE void add_values(const K* values, std::int64_t count, std::int64_t dim, const float (*weights)[positions],
                           const float* shrink, float* sums) {
  vector_f sum[Q][Vectors];
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      sum[q][v] = load(sums + q * dim + v * lanes) * all(shrink[q]);
  add_rows(sum, values, dim, count, weights);
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < Vectors; ++v)
      save(sums + q * dim + v * lanes, sum[q][v]);
}

// The same for the last columns of a dimension that is no multiple of the lanes.
template <class K, int Q>
AVP_INLINE void add_last_values(const K* values, std::int64_t count, std::int64_t dim, std::int64_t columns,
                                const float (*weights)[positions], const float* shrink, float* sums) {
  vector_f sum[Q];
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
    sum[q] = load_some(sums + q * dim, columns) * all(shrink[q]);
  for (std::int64_t j = 0; j < count; ++j) {
    const vector_f value = load_some(values + j * dim, columns);
#pragma GCC unroll 8
    for (int q = 0; q < Q; ++q)
      sum[q] = fused(all(weights[q][j]), value, sum[q]);
  }
#pragma GCC unroll 8
  for (int q = 0; q < Q; ++q)
    save_some(sums + q * dim, sum[q], columns);
}

// Softmax over one block: scores become weights, and what the sums so far are to be multiplied with is `shrink`. With a
// window, what lies before it weighs nothing: neither the blocks that only other rows of the tile need nor the
// positions of a block change a row's bits.
template <int Q, bool Windowed>
AVP_INLINE void weigh(float (*scores)[positions], std::int64_t begin, const std::int64_t (&visible)[Q],
                      std::int64_t window, float (&most)[lanes], float (&total)[Q], float (&shrink)[lanes]) {
  float numbers[positions];
  for (int i = 0; i < positions; ++i)
    numbers[i] = static_cast<float>(i);
  float next[lanes] = {};
  for (int q = 0; q < Q; ++q) {
    const vector_f seen = all(static_cast<float>(visible[q] - begin)), nothing = all(-__builtin_inff());
    vector_f low = where_less(load(numbers), seen, load(scores[q]), nothing);
    vector_f high = where_less(load(numbers + lanes), seen, load(scores[q] + lanes), nothing);
    if (Windowed) {
      const vector_f before = all(static_cast<float>(visible[q] - window - begin));
      low = where_less(load(numbers), before, nothing, low);
      high = where_less(load(numbers + lanes), before, nothing, high);
    }
    save(scores[q], low);
    save(scores[q] + lanes, high);
    const float found = largest_of(larger(low, high));
    next[q] = found > most[q] ? found : most[q];
  }
  save(shrink, exponential(load(most) - load(next)));
  save(most, load(next));
  for (int q = 0; q < Q; ++q) {
    if (Windowed && visible[q] - window >= begin + positions) { // nothing of the block is in the window
      shrink[q] = 1;
      save(scores[q], all(0.0F));
      save(scores[q] + lanes, all(0.0F));
      continue;
    }
    const vector_f low = exponential(load(scores[q]) - all(next[q]));
    const vector_f high = exponential(load(scores[q] + lanes) - all(next[q]));
    save(scores[q], low);
    save(scores[q] + lanes, high);
    total[q] = total[q] * shrink[q] + sum_of(low + high);
  }
}

// Attention of Q queries, from the tile's `first` on, with a running maximum and sum (arXiv 2205.14135), block after
// block.
template <class A, class K, int Q, bool Windowed>
AVP_INLINE void attend_queries(const attention_tile& tile, std::int64_t first) {
  const std::int64_t dim = tile.dim;
  const float* queries[Q];
  std::int64_t visible[Q];
  float most[lanes] = {}, total[Q];
  float sums[Q * max_dim];
  std::int64_t longest = 0, begin = 0;
  if (Windowed) {
    const std::int64_t start = tile.first_position + first / tile.group + 1 - tile.window; // of the first row
    begin = start > 0 ? start / positions * positions : 0;
  }
  for (int q = 0; q < Q; ++q) {
    const std::int64_t row = (first + q) / tile.group, head = (first + q) % tile.group;
    queries[q] = tile.queries + row * tile.query_stride + head * dim;
    visible[q] = tile.first_position + row + 1;
    longest = visible[q] > longest ? visible[q] : longest;
    most[q] = -__builtin_inff();
    total[q] = 0;
  }
  for (std::int64_t i = 0; i < Q * dim; ++i)
    sums[i] = 0;
  for (; begin < longest; begin += positions) {
    const K* keys = static_cast<const K*>(tile.cache) + tile.blocks[begin / positions] * tile.block_stride;
    float weights[Q][positions], shrink[lanes];
    constexpr int key_vectors = vectors_of<Q>(2);
    for (std::int64_t i = 0; i < positions; i += key_vectors * lanes)
      score<K, Q, key_vectors>(keys, i, dim, queries, weights);
    weigh<Q, Windowed>(weights, begin, visible, tile.window, most, total, shrink);
    const std::int64_t count = longest - begin < positions ? longest - begin : positions;
    const K* values = keys + tile.value_offset;
    constexpr int value_vectors = vectors_of<Q>(4);
    std::int64_t column = 0;
    for (; column + value_vectors * lanes <= dim; column += value_vectors * lanes)
      add_values<K, Q, value_vectors>(values + column, count, dim, weights, shrink, sums + column);
    for (; column + lanes <= dim; column += lanes)
      add_values<K, Q, 1>(values + column, count, dim, weights, shrink, sums + column);
    if (column < dim)
      add_last_values<K, Q>(values + column, count, dim, dim - column, weights, shrink, sums + column);
  }
  for (int q = 0; q < Q; ++q) {
    const std::int64_t row = (first + q) / tile.group, head = (first + q) % tile.group;
    A* out = static_cast<A*>(tile.out) + row * tile.out_stride + head * dim;
    for (std::int64_t i = 0; i < dim; ++i)
      put(out + i, sums[q * dim + i] / total[q]);
  }
}

// Of at most Q queries.
template <class A, class K, int Q, bool Windowed>
AVP_INLINE void attend_some(const attention_tile& tile, std::int64_t first, std::int64_t count) {
  if constexpr (Q > 1)
    if (count < Q)
      return attend_some<A, K, Q - 1, Windowed>(tile, first, count);
  attend_queries<A, K, Q, Windowed>(tile, first);
}

template <class A, class K, bool Windowed>
AVP_INLINE void attend_by_count(const attention_tile& tile) {
  for (std::int64_t done = 0; done < tile.count; done += queries_together) {
    const std::int64_t left = tile.count - done;
    attend_some<A, K, queries_together, Windowed>(tile, tile.first + done,
                                                  left < queries_together ? left : queries_together);
  }
}

template <class A, class K>
void attend(const attention_tile& tile) {
  return tile.window > 0 ? attend_by_count<A, K, true>(tile) : attend_by_count<A, K, false>(tile);
}

std::int64_t first_largest(const float* values, std::int64_t count) {
  vector_f most = all(-__builtin_inff());
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    most = larger(load(values + i), most);
  float top = largest_of(most);
  for (; i < count; ++i)
    top = values[i] > top ? values[i] : top;
  for (i = 0; i < count; ++i)
    if (values[i] == top)
      return i;
  return 0;
}

// Sums over a chunk of values, x being their distance to the chunk's largest.
struct chunk_sums {
  double largest = 0, powers = 0, weighted = 0; // Σ e^x, Σ e^x · x
};

AVP_INLINE void add_powers(vector_f x, vector_f* powers, vector_f* weighted) {
  const vector_f kept = larger(x, all(-87.0F)); // e^x · x is nothing there, also where x is infinite
  const vector_f power = exponential(x);
  *powers = *powers + power;
  *weighted = fused(power, kept, *weighted);
}

chunk_sums sums_of_chunk(const float* values, std::int64_t count) {
  float rest[lanes]; // the last values, filled up with nothing
  for (std::int64_t i = 0; i < lanes; ++i)
    rest[i] = i < count % lanes ? values[count - count % lanes + i] : -__builtin_inff();
  vector_f most = load(rest);
  for (std::int64_t i = 0; i + lanes <= count; i += lanes)
    most = larger(load(values + i), most);
  const float top = largest_of(most);
  if (top == -__builtin_inff())
    return {-__builtin_inf(), 0, 0};
  vector_f powers = all(0), weighted = all(0);
  add_powers(load(rest) - all(top), &powers, &weighted);
  for (std::int64_t i = 0; i + lanes <= count; i += lanes)
    add_powers(load(values + i) - all(top), &powers, &weighted);
  return {top, sum_of(powers), sum_of(weighted)};
}

// e^(value - largest) over their sum; sums of chunks are added in double.
void softmax(const float* values, float* out, std::int64_t count) {
  constexpr std::int64_t chunk = 1024;
  const float top = values[first_largest(values, count)];
  double total = 0;
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    const std::int64_t end = count - begin < chunk ? count : begin + chunk;
    vector_f powers = all(0.0F);
    std::int64_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      const vector_f power = exponential(load(values + i) - all(top));
      powers = powers + power;
      save(out + i, power);
    }
    for (; i < end; ++i) {
      out[i] = exponential(values[i] - top);
      total += out[i];
    }
    total += sum_of(powers);
  }
  const auto scale = static_cast<float>(total);
  std::int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    save(out + i, load(out + i) / all(scale));
  for (; i < count; ++i)
    out[i] /= scale;
}

// Chunk by chunk, so that values are read once and float sums stay short; the sums are shifted to the largest so far.
distribution distribution_of(const float* values, std::int64_t count) {
  constexpr std::int64_t chunk = 1024;
  chunk_sums all_sums{-__builtin_inf(), 0, 0};
  for (std::int64_t begin = 0; begin < count; begin += chunk) {
    const chunk_sums more = sums_of_chunk(values + begin, count - begin < chunk ? count - begin : chunk);
    const bool grows = more.largest > all_sums.largest;
    const chunk_sums& high = grows ? more : all_sums;
    const chunk_sums& low = grows ? all_sums : more;
    if (low.powers > 0) {
      const double shift = low.largest - high.largest, scale = __builtin_exp(shift);
      all_sums = {high.largest, high.powers + scale * low.powers,
                  high.weighted + scale * (low.weighted + shift * low.powers)};
    } else {
      all_sums = high;
    }
  }
  const double log_powers = __builtin_log(all_sums.powers);
  return {all_sums.largest + log_powers, log_powers - all_sums.weighted / all_sums.powers};
}

const row_kernels table = {
    normalise<float>,
    normalise<bits16>,
    gate<float, silu>,
    gate<bits16, silu>,
    gate<float, gelu_tanh>,
    gate<bits16, gelu_tanh>,
    rope_store<float, float>,
    rope_store<float, bits16>,
    rope_store<bits16, float>,
    rope_store<bits16, bits16>,
    attend<float, float>,
    attend<float, bits16>,
    attend<bits16, float>,
    attend<bits16, bits16>,
    first_largest,
    distribution_of,
    softmax,
};
