// Payloads in parts: every order, and every way in which parts can be wrong.
#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/memory_body.hpp"
#include "transport/message.hpp"
#include "transport/split.hpp"

namespace avp {
namespace {

payload sample(std::size_t size) {
  auto bytes = std::make_shared<std::vector<std::byte>>(size);
  for (std::size_t i = 0; i < size; ++i)
    (*bytes)[i] = static_cast<std::byte>(i * 31 >> 3);
  metadata meta;
  meta.model_id = "m";
  meta.extra["num_steps"] = "4";
  return {meta, std::make_shared<memory_body>(*bytes, bytes)};
}

std::vector<std::byte> read(const payload& p) {
  std::vector<std::byte> bytes(p.body->size());
  p.body->write(0, bytes);
  return bytes;
}

/// A body of any size that is all zeros.
class zeros final : public payload_body {
public:
  explicit zeros(std::uint64_t size) : size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void write(std::uint64_t, std::span<std::byte> out) const override { std::ranges::fill(out, std::byte{0}); }

private:
  std::uint64_t size_;
};

TEST(split, a_payload_that_fits_stays_whole) {
  const auto parts = split(sample(100), 100);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 1u);
  EXPECT_EQ(parts->front().meta, sample(100).meta);
}

TEST(split, parts_come_together_in_any_order) {
  const auto whole = sample(103);
  std::vector<int> order(5);
  std::iota(order.begin(), order.end(), 0);
  const auto parts = split(whole, 25);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 5u);
  do {
    assembler together;
    for (std::size_t i = 0; i < order.size(); ++i) {
      // Through the wire, as a peer would get it.
      auto encoded = std::make_shared<byte_buffer>(*encode((*parts)[order[i]]));
      auto result = together.add(*decode_payload(encoded->bytes(), encoded));
      ASSERT_TRUE(result) << result.error().message;
      ASSERT_EQ(result->has_value(), i == 4);
      if (i == 4) {
        EXPECT_EQ((*result)->meta, whole.meta);
        EXPECT_EQ(read(**result), read(whole));
        std::vector<std::byte> middle(60);
        (*result)->body->write(17, middle);
        const auto all = read(whole);
        EXPECT_TRUE(std::ranges::equal(middle, std::span(all).subspan(17, 60)));
      }
    }
    EXPECT_EQ(together.held_bytes(), 0u);
    EXPECT_TRUE(together.unfinished().empty());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(split, parts_of_two_payloads_may_mix) {
  const auto a = *split(sample(40), 20);
  const auto b = *split(sample(60), 30);
  assembler together;
  EXPECT_FALSE(*together.add(a[0]));
  EXPECT_FALSE(*together.add(b[1]));
  EXPECT_EQ(together.unfinished().size(), 2u);
  EXPECT_EQ((*together.add(b[0]))->body->size(), 60u);
  EXPECT_EQ((*together.add(a[1]))->body->size(), 40u);
}

TEST(split, whole_payloads_pass_through) {
  assembler together;
  const auto result = together.add(sample(9));
  ASSERT_TRUE(result && *result);
  EXPECT_EQ(read(**result), read(sample(9)));
}

TEST(split, a_doubled_part_is_noticed) {
  const auto parts = *split(sample(60), 20);
  assembler together;
  ASSERT_TRUE(together.add(parts[1]));
  EXPECT_EQ(together.add(parts[1]).error().code, errc::bad_part);
  ASSERT_TRUE(together.add(parts[0]));
  EXPECT_TRUE(*together.add(parts[2]));
}

TEST(split, a_missing_part_is_named) {
  const auto parts = *split(sample(60), 20);
  assembler together;
  ASSERT_TRUE(together.add(parts[0]));
  ASSERT_EQ(together.unfinished().size(), 1u);
  const auto missing = together.abandon(together.unfinished().front());
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->code, errc::bad_part);
  EXPECT_THAT(missing->message, testing::HasSubstr("1, 2"));
  EXPECT_EQ(together.held_bytes(), 0u);
  EXPECT_FALSE(together.abandon("unknown"));
}

TEST(split, parts_that_contradict_each_other_are_refused) {
  const auto parts = *split(sample(60), 20);
  for (const auto& [key, value] : std::map<std::string, std::string>{{"split_index", "3"},
                                                                     {"split_index", "-1"},
                                                                     {"split_index", ""},
                                                                     {"split_count", "1"},
                                                                     {"split_count", "99999999"},
                                                                     {"split_bytes", "99999999999999999999999"},
                                                                     {"split_bytes", "61"},
                                                                     {"split_id", ""},
                                                                     {"num_steps", "5"}}) {
    assembler together;
    ASSERT_TRUE(together.add(parts[0]));
    auto bad = parts[1];
    bad.meta.extra[key] = value;
    EXPECT_EQ(together.add(bad).error().code, errc::bad_part) << key << "=" << value;
  }
  assembler together;
  auto bad = parts[0];
  bad.meta.extra.erase("split_count");
  EXPECT_EQ(together.add(bad).error().code, errc::bad_part);
  bad = parts[0];
  bad.body = sample(19).body;
  EXPECT_EQ(together.add(bad).error().code, errc::bad_part);
  EXPECT_TRUE(together.unfinished().empty());
}

TEST(split, unfinished_payloads_are_bounded) {
  const auto parts = *split(sample(60), 20);
  assembler together(39);
  ASSERT_TRUE(together.add(parts[0]));
  EXPECT_EQ(together.add(parts[1]).error().code, errc::too_large);
}

TEST(split, impossible_divisions_are_refused) {
  EXPECT_EQ(split(sample(10), 0).error().code, errc::invalid_argument);
  EXPECT_EQ(split(sample(10), max_part_bytes + 1).error().code, errc::invalid_argument);
  EXPECT_EQ(split(sample(100'000), 1).error().code, errc::invalid_argument);
}

TEST(split, twelve_gib_make_parts_that_each_fit_a_message_and_the_size_is_known_beforehand) {
  const payload whole{sample(0).meta, std::make_shared<zeros>(std::uint64_t{12} << 30)};
  const auto parts = split(whole);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->size(), 4u);
  std::uint64_t total = 0;
  for (const auto& part : *parts) {
    total += encoded_size(part.meta, part.body->size());
    EXPECT_LE(encoded_size(part.meta, part.body->size()), message_header_bytes + max_payload_length);
  }
  EXPECT_EQ(encoded_size(whole.meta, whole.body->size()), total);
  assembler together;
  std::optional<payload> back;
  for (const auto& part : *parts) {
    auto result = together.add(part);
    ASSERT_TRUE(result);
    back = std::move(*result);
  }
  ASSERT_TRUE(back);
  EXPECT_EQ(back->body->size(), whole.body->size());
}

} // namespace
} // namespace avp
