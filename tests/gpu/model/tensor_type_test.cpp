// Weights of every type are read as the reference reads them, bit for bit.
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "gpu/model/tensor_type.hpp"
#include "tests/test_data.hpp"

namespace {

using avp::tensor_type;

constexpr int type_count = 15;

std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

// tests/data/make_quantised_blocks.py makes the file with the Python package gguf.
nlohmann::json reference_blocks() {
  std::ifstream file(avp::test::test_data("quantised_blocks.json"));
  return nlohmann::json::parse(file);
}

TEST(tensor_type, reads_the_reference_blocks_bit_for_bit) {
  const auto cases = reference_blocks();
  ASSERT_EQ(cases.size(), type_count);
  for (int i = 0; i < type_count; ++i) {
    const auto type = static_cast<tensor_type>(i);
    const auto& reference = cases.at(static_cast<std::size_t>(i));
    SCOPED_TRACE(reference["type"].get<std::string>());
    EXPECT_EQ(avp::to_string(type), reference["type"].get<std::string>());
    const auto bytes = from_hex(reference["bytes"]);
    const auto expected = reference["values"].get<std::vector<float>>();
    ASSERT_EQ(static_cast<std::int64_t>(bytes.size()) / avp::block_bytes(type) * avp::block_values(type),
              static_cast<std::int64_t>(expected.size()));
    std::vector<float> values(expected.size());
    avp::dequantize(type, bytes.data(), values);
    for (std::size_t k = 0; k < values.size(); ++k)
      ASSERT_EQ(std::memcmp(&values[k], &expected[k], sizeof(float)), 0)
          << k << ": " << values[k] << " " << expected[k];
  }
}

TEST(tensor_type, data_needs_no_alignment) {
  for (const auto& reference : reference_blocks()) {
    auto bytes = from_hex(reference["bytes"]);
    bytes.insert(bytes.begin(), std::byte{0xff});
    const auto expected = reference["values"].get<std::vector<float>>();
    std::vector<float> values(expected.size());
    int i = 0;
    while (avp::to_string(static_cast<tensor_type>(i)) != reference["type"].get<std::string>())
      ++i;
    avp::dequantize(static_cast<tensor_type>(i), bytes.data() + 1, values);
    EXPECT_EQ(values, expected) << reference["type"];
  }
}

TEST(tensor_type, float16_keeps_infinity_and_nan) {
  const auto bytes = from_hex("007c00fc017e");
  std::vector<float> values(3);
  avp::dequantize(tensor_type::f16, bytes.data(), values);
  EXPECT_EQ(values[0], std::numeric_limits<float>::infinity());
  EXPECT_EQ(values[1], -std::numeric_limits<float>::infinity());
  EXPECT_NE(values[2], values[2]);
}

TEST(tensor_type, no_values_are_fine) {
  for (int i = 0; i < type_count; ++i)
    avp::dequantize(static_cast<tensor_type>(i), nullptr, {});
}

TEST(tensor_type, part_of_a_block_is_refused) {
  const std::vector<std::byte> block(144);
  std::vector<float> values(100);
  try {
    avp::dequantize(tensor_type::q4_k, block.data(), values);
    FAIL() << "100 values of a block of 256 were read";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[dequantize] Q4_K has blocks of 256 values but 100 values are asked for");
  }
}

} // namespace
