// The inner header of KV payloads: fixtures both ways, and contradictions.
#include <gtest/gtest.h>

#include "tests/transport/message_fixtures.hpp"
#include "transport/kv.hpp"
#include "transport/message.hpp"

namespace avp {
namespace {

std::vector<std::byte> bytes_of(const kv_header& header, std::size_t after = 0) {
  std::vector<std::byte> bytes(kv_header_bytes + after);
  write_kv_header(header, std::span(bytes).first<kv_header_bytes>());
  return bytes;
}

metadata described(const kv_header& header) {
  metadata meta;
  describe_kv(header, meta);
  return meta;
}

TEST(kv, headers_of_the_fixtures_are_read_and_agree_with_their_messages) {
  const std::map<std::string, data_type> types{
      {"float32", data_type::float32}, {"float16", data_type::float16}, {"bfloat16", data_type::bfloat16}};
  int found = 0;
  for (const auto& c : test::message_cases()) {
    if (!c.raw.contains("kv_header"))
      continue;
    ++found;
    const auto header = read_kv_header(c.body);
    ASSERT_TRUE(header) << c.name;
    const auto& json = c.raw.at("kv_header");
    const kv_header wanted{json.at("num_layers"), json.at("num_kv_heads"), json.at("head_dim"), json.at("seq_len"),
                           types.at(json.at("dtype"))};
    EXPECT_EQ(*header, wanted) << c.name;
    const auto agrees = check_kv(*header, c.meta, c.body.size());
    EXPECT_TRUE(agrees) << c.name << ": " << agrees.error().message;
    EXPECT_EQ(bytes_of(*header), std::vector(c.body.begin(), c.body.begin() + kv_header_bytes)) << c.name;
  }
  EXPECT_EQ(found, 6);
}

TEST(kv, byte_counts) {
  const kv_header header{3, 2, 5, 7, data_type::bfloat16};
  EXPECT_EQ(kv_tensor_bytes(header), 2u * 5 * 7 * 2);
  EXPECT_EQ(kv_payload_bytes(header), 17u + 3 * 2 * 2 * 5 * 7 * 2);
  EXPECT_EQ(kv_payload_bytes({1, 1, 1, 0, data_type::float32}), 17u);
  EXPECT_EQ(element_bytes(data_type::int8), 1u);
}

TEST(kv, absurd_counts_overflow_into_an_error) {
  const std::uint32_t most = 0xffffffff;
  const kv_header absurd{most, most, most, most, data_type::float32};
  EXPECT_EQ(kv_payload_bytes(absurd).error().code, errc::too_large);
  EXPECT_EQ(kv_tensor_bytes(absurd).error().code, errc::too_large);
  EXPECT_EQ(check_kv(absurd, described(absurd), 17).error().code, errc::bad_kv_header);
  EXPECT_EQ(kv_payload_bytes({most, most, most, 0, data_type::float32}), 17u);
}

TEST(kv, a_header_that_is_too_short_or_of_an_unknown_type_is_refused) {
  const auto good = bytes_of({1, 1, 1, 1, data_type::float32});
  for (std::size_t length = 0; length < kv_header_bytes; ++length)
    EXPECT_EQ(read_kv_header(std::span(good).first(length)).error().code, errc::bad_kv_header);
  auto bad = good;
  bad[16] = std::byte{3}; // int8 exists in the metadata only
  EXPECT_EQ(read_kv_header(bad).error().code, errc::bad_kv_header);
  EXPECT_EQ(read_kv_header(bytes_of({0, 1, 1, 1, data_type::float32})).error().code, errc::bad_kv_header);
  EXPECT_EQ(read_kv_header(bytes_of({1, 0, 1, 1, data_type::float32})).error().code, errc::bad_kv_header);
  EXPECT_EQ(read_kv_header(bytes_of({1, 1, 0, 1, data_type::float32})).error().code, errc::bad_kv_header);
}

TEST(kv, contradictions_with_metadata_or_byte_count_are_refused) {
  const kv_header header{2, 1, 4, 3, data_type::float16};
  const auto size = *kv_payload_bytes(header);
  const auto meta = described(header);
  EXPECT_TRUE(check_kv(header, meta, size));
  EXPECT_EQ(check_kv(header, meta, size - 1).error().code, errc::bad_kv_header);
  EXPECT_EQ(check_kv(header, meta, size + 1).error().code, errc::bad_kv_header);
  auto other = meta;
  other.dtype = data_type::bfloat16;
  EXPECT_EQ(check_kv(header, other, size).error().code, errc::bad_kv_header);
  other = meta;
  other.num_layers = 3;
  EXPECT_EQ(check_kv(header, other, size).error().code, errc::bad_kv_header);
  other = meta;
  other.tensor_shape[3] = 4;
  EXPECT_EQ(check_kv(header, other, size).error().code, errc::bad_kv_header);
  other.tensor_shape.assign(8, 0xffffffff);
  EXPECT_EQ(check_kv(header, other, size).error().code, errc::bad_kv_header);
  other = meta;
  other.payload_type = payload_type::hidden_state;
  EXPECT_EQ(check_kv(header, other, size).error().code, errc::bad_kv_header);
}

TEST(kv, metadata_that_says_nothing_contradicts_nothing) {
  const kv_header header{2, 1, 4, 3, data_type::float16};
  auto meta = described(header);
  meta.num_layers = 0;
  meta.tensor_shape.clear();
  EXPECT_TRUE(check_kv(header, meta, *kv_payload_bytes(header)));
}

TEST(kv, no_tokens_are_a_payload_too) {
  const kv_header header{2, 1, 4, 0, data_type::float32};
  const auto bytes = bytes_of(header);
  EXPECT_EQ(read_kv_header(bytes), header);
  EXPECT_TRUE(check_kv(header, described(header), bytes.size()));
}

} // namespace
} // namespace avp
