// What weights are kept in when they are loaded.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gpu/engine/loaded_model.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/tensor_type.hpp"
#include "tests/gpu/engine/lone_sequence.hpp"
#include "tests/gpu/engine/runnable_model.hpp"
#include "tests/temporary_folder.hpp"

namespace {

using namespace avp;
using namespace avp::test;

class weight_formats : public testing::Test {
protected:
  temporary_folder folder_;

  model_spec spec(std::optional<weight_format> format) {
    auto made = write_model(runnable_gguf(), folder_.path() / "tiny.gguf");
    made.format = format;
    return made;
  }

  static std::string numerics(const model_spec& spec) { return load_model(spec, at::kCPU)->identity->numerics; }
};

TEST_F(weight_formats, a_file_without_blocks_is_bfloat16_unless_told_otherwise) {
  EXPECT_EQ(numerics(spec({})), "bfloat16, cache bfloat16");
  EXPECT_EQ(numerics(spec(weight_format::float32)), "float32, cache float32");
}

TEST_F(weight_formats, native_needs_blocks) {
  try {
    (void)load_model(spec(weight_format::native), at::kCPU);
    FAIL() << "loaded";
  } catch (const model_error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("holds no quantised blocks"));
  }
}

// Their blocks are values of 8 bits times a power of two, which bfloat16 holds exactly.
TEST_F(weight_formats, native_keeps_blocks_without_kernels_as_bfloat16) {
  auto blocks = runnable_gguf(), plain = blocks;
  for (auto& [name, tensor] : blocks.tensors) {
    if (tensor.shape.size() != 2)
      continue;
    std::string data;
    for (std::size_t i = 0; i < tensor.data.size() / 4 / 32; ++i) {
      data += bytes_of(std::uint16_t{0x1800}); // 2⁻⁹
      for (std::size_t k = 0; k < 16; ++k)
        data += static_cast<char>((i * 31 + k * 57 + name.size()) % 256);
    }
    std::vector<float> values(tensor.data.size() / 4);
    dequantize(tensor_type::iq4_nl, reinterpret_cast<const std::byte*>(data.data()), values);
    plain.tensors.at(name).data.assign(reinterpret_cast<const char*>(values.data()), values.size() * 4);
    tensor.type = 20;
    tensor.data = data;
  }
  auto without_kernels = write_model(blocks, folder_.path() / "blocks.gguf", weight_format::native);
  auto cast = write_model(plain, folder_.path() / "plain.gguf", weight_format::bfloat16);
  cast.layercast = true;
  const c10::InferenceMode no_gradients;
  const std::vector<std::int32_t> tokens = {1, 50, 99, 150, 200, 3, 4, 5, 6};
  std::vector<at::Tensor> hidden;
  for (const auto& one : {without_kernels, cast}) {
    const auto loaded = load_model(one, at::kCPU);
    hidden.push_back(lone_sequence(loaded->network).feed(tokens));
  }
  EXPECT_TRUE(at::equal(hidden[0], hidden[1]));
  without_kernels.format.reset();
  EXPECT_EQ(numerics(without_kernels), "bfloat16, cache bfloat16") << "with no kernel there is nothing to gain";
}

TEST_F(weight_formats, the_cache_has_the_type_that_was_asked_for) {
  auto narrow = spec(weight_format::float32);
  narrow.kv_dtype = data_type::bfloat16;
  EXPECT_EQ(numerics(narrow), "float32, cache bfloat16");
  auto wide = spec(weight_format::bfloat16);
  wide.kv_dtype = data_type::float32;
  const auto loaded = load_model(wide, at::kCPU);
  EXPECT_EQ(loaded->identity->numerics, "bfloat16, cache float32");
  EXPECT_EQ(loaded->network.cache_shape().dtype, at::kFloat);
}

// LayerCast is float32 arithmetic on weights rounded to bfloat16, and nothing else.
TEST_F(weight_formats, layercast_is_float32_on_rounded_weights) {
  auto rounded = runnable_gguf();
  for (auto& [name, tensor] : rounded.tensors) {
    auto values = at::from_blob(tensor.data.data(), {static_cast<std::int64_t>(tensor.data.size() / 4)}, at::kFloat);
    values.copy_(values.to(at::kBFloat16).to(at::kFloat));
  }
  const auto plain = write_model(rounded, folder_.path() / "rounded.gguf");
  auto cast = plain;
  cast.format = weight_format::bfloat16;
  cast.layercast = true;
  cast.kv_dtype = data_type::float32;
  const c10::InferenceMode no_gradients;
  const std::vector<std::int32_t> tokens = {1, 50, 99, 150, 200, 3, 4, 5, 6};
  std::vector<at::Tensor> hidden;
  for (const auto& one : {plain, cast}) {
    const auto loaded = load_model(one, at::kCPU);
    hidden.push_back(lone_sequence(loaded->network).feed(tokens));
  }
  EXPECT_TRUE(at::equal(hidden[0], hidden[1]));
}

} // namespace
