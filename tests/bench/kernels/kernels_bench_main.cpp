// Measures products with matrices kept in blocks, ATen's bfloat16 linear beside them, dense products, and the row
// kernels of each level; with a GGUF file all of its matrices in turn, as a decoded token reads them, instead.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "gpu/kernels/block_layout.hpp"
#include "gpu/kernels/block_matrix.hpp"
#include "gpu/kernels/dense_product.hpp"
#include "gpu/kernels/kernel_path.hpp"
#include "gpu/kernels/row_kernels.hpp"
#include "gpu/model/gguf.hpp"
#include "gpu/model/mapped_file.hpp"

namespace {

using avp::tensor_type;

constexpr std::int64_t outputs = 4864;
constexpr std::int64_t inputs = 1024;

// Together more than any cache holds.
constexpr std::size_t copies = 40;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Other programs may run on the machine: the best of many tries is what it can do.
double best_seconds(const std::function<void()>& work) {
  double best = seconds_of(work);
  double all = 0;
  for (int i = 0; i < 5 || all < 0.5; ++i) {
    const double seconds = seconds_of(work);
    all += seconds;
    best = std::min(best, seconds);
  }
  return best;
}

avp::quantized_rows random_rows(std::int64_t rows, std::int64_t columns) {
  const auto x = at::randn({rows, columns}, at::kFloat);
  avp::quantized_rows to;
  to.assign(x.data_ptr<float>(), rows, columns, columns);
  return to;
}

avp::block_matrix random_matrix(tensor_type type) {
  std::mt19937 random(1);
  std::vector<std::byte> data(
      static_cast<std::size_t>(outputs * inputs / avp::block_values(type) * avp::block_bytes(type)));
  for (auto& byte : data)
    byte = static_cast<std::byte>(random());
  return avp::block_matrix({type, {outputs, inputs}, data});
}

double block_seconds(const std::vector<avp::block_matrix>& weights, std::int64_t rows) {
  const auto x = random_rows(rows, inputs);
  auto out = at::empty({rows, outputs}, at::kFloat);
  return best_seconds([&] {
    for (const auto& matrix : weights)
      matrix.multiply(x, out.data_ptr<float>(), outputs);
  });
}

double linear_seconds(const std::vector<at::Tensor>& weights, std::int64_t rows) {
  const auto x = at::randn({rows, inputs}, at::kBFloat16);
  return best_seconds([&] {
    for (const auto& matrix : weights)
      at::linear(x, matrix);
  });
}

double gflops(double seconds, std::int64_t rows) {
  return 2e-9 * static_cast<double>(copies) * outputs * inputs * static_cast<double>(rows) / seconds;
}

void measure_type(tensor_type type, const std::vector<at::Tensor>& linear) {
  std::vector<avp::block_matrix> weights;
  while (weights.size() < copies)
    weights.push_back(random_matrix(type));
  const double one = block_seconds(weights, 1);
  std::printf("%-5s  1 row %5.1f GB/s (x%.2f)", std::string(avp::to_string(type)).c_str(),
              1e-9 * static_cast<double>(copies) * static_cast<double>(weights[0].bytes()) / one,
              linear_seconds(linear, 1) / one);
  for (const std::int64_t rows : {4, 8, 16, 32, 64}) {
    const double own = block_seconds(weights, rows);
    const double aten = linear_seconds(linear, rows);
    std::printf("  %2ld rows %4.0f/%4.0f GFLOP/s (x%.2f)", static_cast<long>(rows), gflops(own, rows),
                gflops(aten, rows), aten / own);
  }
  const auto p = at::rand({32, outputs});
  auto out = at::empty({32, inputs});
  std::printf("  transposed");
  for (const std::int64_t rows : {1, 32}) {
    const double own = best_seconds([&] {
      for (const auto& matrix : weights)
        matrix.multiply_transposed(p.data_ptr<float>(), rows, out.data_ptr<float>());
    });
    std::printf(" %ld: %.1f GB/s %.0f GFLOP/s", static_cast<long>(rows),
                1e-9 * static_cast<double>(copies) * static_cast<double>(weights[0].bytes()) / own, gflops(own, rows));
  }
  std::printf("\n");
  std::fflush(stdout);
}

// Matrices as they are kept, the kernel for AVX2 beside ATen's product, which takes what instructions it likes: for a
// processor without AVX-512 also ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2.
void measure_dense(at::ScalarType dtype) {
  std::vector<at::Tensor> weights;
  while (weights.size() < copies)
    weights.push_back(at::randn({outputs, inputs}).to(dtype));
  std::printf("%-8s", at::toString(dtype));
  for (const std::int64_t rows : {1, 4, 16, 64, 256}) {
    const auto x = at::randn({rows, inputs}).to(dtype);
    const double own = best_seconds([&] {
      for (const auto& matrix : weights)
        (void)avp::dense_product(x, matrix, {});
    });
    const double aten = best_seconds([&] {
      for (const auto& matrix : weights)
        at::linear(x, matrix);
    });
    std::printf("  %3ld rows %5.1f/%5.1f GFLOP/s (x%.2f)", static_cast<long>(rows), gflops(own, rows),
                gflops(aten, rows), aten / own);
  }
  std::printf("\n");
  std::fflush(stdout);
}

// One key head and its queries over 1,024 positions in a cache of bfloat16.
double attention_seconds(const avp::row_kernels& kernels, std::int64_t dim, std::int64_t queries) {
  constexpr std::int64_t positions = 1024, group = avp::attention_queries;
  std::vector<std::int32_t> blocks(positions / avp::block_positions);
  std::iota(blocks.begin(), blocks.end(), 0);
  const auto block_size = 2 * avp::block_positions * dim;
  const auto cache = at::randn({positions / avp::block_positions * block_size}).to(at::kBFloat16);
  const auto q = at::randn({group * dim}) / 8;
  auto out = at::empty({group * dim});
  const avp::attention_tile tile{.queries = q.const_data_ptr<float>(),
                                 .query_stride = group * dim,
                                 .group = group,
                                 .count = queries,
                                 .first_position = positions - 1,
                                 .blocks = blocks.data(),
                                 .cache = cache.const_data_ptr(),
                                 .block_stride = block_size,
                                 .value_offset = block_size / 2,
                                 .dim = dim,
                                 .out = out.mutable_data_ptr(),
                                 .out_stride = group * dim};
  return best_seconds([&] { kernels.attend_float_bfloat16(tile); });
}

// One thread, microseconds, and how often the plain kernels take as long.
void measure_rows(avp::kernel_path path) {
  constexpr std::int64_t hidden = 896, inner = 4864, vocabulary = 151936;
  auto x = at::randn({hidden}), weight = at::rand({hidden}), normed = at::empty({hidden});
  auto gate_up = at::randn({2 * inner}), gated = at::empty({inner});
  auto scores = at::randn({vocabulary}) * 4, p = at::empty({vocabulary});
  using run = std::function<double(const avp::row_kernels&)>;
  const auto timed = [](auto work) -> run {
    return [work](const avp::row_kernels& kernels) { return best_seconds([&] { work(kernels); }); };
  };
  const std::vector<std::pair<const char*, run>> all = {
      {"attention, head of 64, 1 query", [](const auto& kernels) { return attention_seconds(kernels, 64, 1); }},
      {"4 queries", [](const auto& kernels) { return attention_seconds(kernels, 64, 4); }},
      {"head of 128, 4 queries", [](const auto& kernels) { return attention_seconds(kernels, 128, 4); }},
      {"norm", timed([&](const avp::row_kernels& kernels) {
         kernels.norm_float(x.data_ptr<float>(), nullptr, weight.data_ptr<float>(), normed.data_ptr<float>(), hidden,
                            1e-6F);
       })},
      {"gate", timed([&](const avp::row_kernels& kernels) {
         kernels.silu_gate_float(gate_up.data_ptr<float>(), gated.data_ptr<float>(), inner);
       })},
      {"largest", timed([&](const avp::row_kernels& kernels) {
         (void)kernels.first_largest(scores.data_ptr<float>(), vocabulary);
       })},
      {"softmax", timed([&](const avp::row_kernels& kernels) {
         kernels.softmax(scores.data_ptr<float>(), p.data_ptr<float>(), vocabulary);
       })},
  };
  std::printf("rows, %s:", std::string(avp::name_of(path)).c_str());
  for (const auto& [name, seconds] : all) {
    const double own = seconds(avp::row_kernels_of(path));
    std::printf("  %s %.2f us (x%.2f)", name, own * 1e6, seconds(avp::row_kernels_of(avp::kernel_path::base)) / own);
  }
  std::printf("\n");
  std::fflush(stdout);
}

void measure_model(const char* path) {
  const avp::gguf_file file(std::make_shared<const avp::mapped_file>(path));
  std::vector<avp::block_matrix> weights;
  double bytes = 0;
  const double load = seconds_of([&] {
    for (const auto& [name, view] : file.tensors())
      if (view.shape.size() == 2 && avp::block_matrix::supports(view.type) && name != "token_embd.weight")
        bytes += static_cast<double>(weights.emplace_back(view).bytes());
  });
  std::printf("%s: %zu matrices, %.0f MB, packed in %.2f s\n", path, weights.size(), bytes * 1e-6, load);
  for (const std::int64_t rows : {1, 2, 4, 8, 16, 32, 64}) {
    std::vector<avp::quantized_rows> x;
    for (const auto& matrix : weights)
      x.push_back(random_rows(rows, matrix.inputs()));
    std::vector<float> out(static_cast<std::size_t>(rows) * 200000);
    double flop = 0;
    for (const auto& matrix : weights)
      flop += 2.0 * static_cast<double>(rows * matrix.outputs() * matrix.inputs());
    const double seconds = best_seconds([&] {
      for (std::size_t i = 0; i < weights.size(); ++i)
        weights[i].multiply(x[i], out.data(), weights[i].outputs());
    });
    std::printf("  %2ld rows: %6.2f ms a pass, %5.1f GB/s, %4.0f GFLOP/s\n", static_cast<long>(rows), seconds * 1e3,
                bytes / seconds * 1e-9, flop / seconds * 1e-9);
  }
}

} // namespace

int main(int argc, char** argv) {
  try {
    std::printf("%d threads; own / ATen bfloat16\n", at::get_num_threads());
    if (argc > 1) {
      measure_model(argv[1]);
      return 0;
    }
    std::vector<at::Tensor> linear;
    while (linear.size() < copies)
      linear.push_back(at::randn({outputs, inputs}, at::kBFloat16));
    for (const auto type : {tensor_type::q5_0, tensor_type::q8_0, tensor_type::q4_1, tensor_type::q4_0,
                            tensor_type::q5_1, tensor_type::q4_k, tensor_type::q5_k, tensor_type::q6_k})
      measure_type(type, linear);
    if (avp::can_run(avp::kernel_path::avx2))
      for (const auto dtype : {at::kBFloat16, at::kFloat})
        measure_dense(dtype);
    for (const auto path : avp::all_values<avp::kernel_path>)
      if (path != avp::kernel_path::base && avp::can_run(path))
        measure_rows(path);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "avp-bench-kernels: %s\n", error.what());
    return 1;
  }
}
