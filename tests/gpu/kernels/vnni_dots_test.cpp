// The block kernels with AVX-VNNI on processors that have only AVX2: with its instruction emulated.
#if defined(__x86_64__)

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "gpu/kernels/block_products_avx2.hpp"
#include "gpu/kernels/pack_blocks.hpp"
#include "tests/gpu/kernels/block_tensors.hpp"

namespace {

using namespace avp;
using namespace avp::test;

// vpdpbusd as Intel's manual defines it: four products of an unsigned and a signed byte added to 32 bits, which wrap.
struct emulated_vpdpbusd {
  AVP_AVX2_INLINE static __m256i add(__m256i sum, __m256i quants, __m256i inputs) {
    const __m256i even = _mm256_madd_epi16(_mm256_and_si256(quants, _mm256_set1_epi16(255)),
                                           _mm256_srai_epi16(_mm256_slli_epi16(inputs, 8), 8));
    const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(quants, 8), _mm256_srai_epi16(inputs, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
  }
};

constexpr std::int64_t dot_outputs = 61;
constexpr std::int64_t dot_inputs = 512;

std::vector<std::byte> packed(const random_tensor& tensor, std::int64_t blocks, std::size_t block_bytes) {
  const std::int64_t tiles = (dot_outputs + tile_outputs - 1) / tile_outputs;
  std::vector<std::byte> to(static_cast<std::size_t>(tiles * blocks) * block_bytes);
  const auto row_bytes = static_cast<std::int64_t>(tensor.data.size()) / dot_outputs;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    file_rows rows{};
    for (std::int64_t i = 0; i < tile_outputs && tile * tile_outputs + i < dot_outputs; ++i)
      rows[static_cast<std::size_t>(i)] = tensor.data.data() + (tile * tile_outputs + i) * row_bytes;
    pack_tile(tensor.view.type, rows, blocks, to.data() + static_cast<std::size_t>(tile * blocks) * block_bytes);
  }
  return to;
}

class vnni_dots_test : public testing::TestWithParam<tensor_type> {};

INSTANTIATE_TEST_SUITE_P(all, vnni_dots_test, testing::ValuesIn(block_types),
                         [](const auto& type) { return std::string(to_string(type.param)); });

TEST_P(vnni_dots_test, multiply_as_plain_code_does) {
  if (!can_run(kernel_path::avx2))
    GTEST_SKIP() << "this processor cannot run avx2";
  const random_tensor tensor(GetParam(), dot_outputs, dot_inputs);
  const block_matrix plain(tensor.view, {}, kernel_path::base);
  with_packed_block(GetParam(), [&]<class Block>(std::type_identity<Block>) {
    const std::int64_t blocks = dot_inputs / block_values(GetParam());
    const auto tiles = packed(tensor, blocks, sizeof(Block));
    for (const std::int64_t rows : {1, 2, 3, 4, 5, 16, 23}) {
      const auto x = quantized(random_rows(rows, dot_inputs), 0, rows, dot_inputs, kernel_path::base);
      std::vector<float> out(static_cast<std::size_t>(rows * dot_outputs));
      avx2::multiply<avx2::vnni_dots<emulated_vpdpbusd>, Block>({tiles.data(), blocks, dot_outputs}, 0,
                                                                (dot_outputs + tile_outputs - 1) / tile_outputs, x,
                                                                out.data(), dot_outputs);
      EXPECT_TRUE(same_bits(out, product(plain, x))) << rows << " rows";
    }
  });
}

} // namespace

#endif
