// Messages of the Python SDK in, the same messages out, and every way in which one can be bad.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/transport/message_fixtures.hpp"
#include "transport/checksum.hpp"
#include "transport/little_endian.hpp"
#include "transport/memory_body.hpp"
#include "transport/message.hpp"

namespace avp {
namespace {

using test::copy;
using test::from_hex;

errc code_of(std::span<const std::byte> bytes, const decode_options& options = {}) {
  const auto decoded = decode(bytes, options);
  return decoded ? errc{} : decoded.error().code;
}

std::vector<std::byte> pattern(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<std::byte>((i * 2654435761u) >> 11);
  return bytes;
}

/// A body that can be larger than memory and refuses to be written.
class claimed_body final : public payload_body {
public:
  explicit claimed_body(std::uint64_t size) : size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void write(std::uint64_t, std::span<std::byte>) const override { FAIL() << "nobody may ask for these bytes"; }

private:
  std::uint64_t size_;
};

/// A message with this metadata and body as they are.
std::vector<std::byte> raw_message(std::span<const std::byte> meta, std::span<const std::byte> body,
                                   std::uint8_t flags = 0) {
  std::vector<std::byte> bytes(message_header_bytes + meta.size() + body.size());
  bytes[0] = std::byte{'A'};
  bytes[1] = std::byte{'V'};
  bytes[2] = std::byte{1};
  bytes[3] = std::byte{flags};
  store_little_endian(static_cast<std::uint32_t>(meta.size() + body.size()), bytes.data() + 4);
  store_little_endian(static_cast<std::uint32_t>(meta.size()), bytes.data() + 8);
  std::ranges::copy(body, std::ranges::copy(meta, bytes.begin() + message_header_bytes).out);
  return bytes;
}

TEST(message, decodes_what_the_sdk_wrote) {
  for (const auto& c : test::message_cases()) {
    const auto decoded = decode(c.bytes);
    ASSERT_TRUE(decoded) << c.name << ": " << decoded.error().message;
    EXPECT_EQ(decoded->meta, c.meta) << c.name;
    EXPECT_EQ(copy(decoded->body), c.body) << c.name;
    EXPECT_TRUE(decoded->checksum_ok) << c.name;
    EXPECT_EQ((decoded->header.flags & flag_kv_cache) != 0, c.meta.payload_type == payload_type::kv_cache) << c.name;
  }
}

TEST(message, encodes_again_what_it_decoded_at_every_level) {
  for (const auto& c : test::message_cases()) {
    for (const auto level : {compression::none, compression::fast, compression::balanced, compression::max}) {
      const auto encoded = encode(c.meta, c.body, level);
      ASSERT_TRUE(encoded) << c.name;
      const auto decoded = decode(encoded->bytes());
      ASSERT_TRUE(decoded) << c.name << ": " << decoded.error().message;
      EXPECT_EQ(decoded->meta, c.meta) << c.name;
      EXPECT_EQ(copy(decoded->body), c.body) << c.name;
      EXPECT_TRUE(decoded->checksum_ok) << c.name;
      EXPECT_EQ(decoded->header.message_bytes(), encoded->size()) << c.name;
      EXPECT_EQ((decoded->header.flags & flag_compressed) != 0, level != compression::none) << c.name;
    }
    EXPECT_EQ(encode(c.meta, c.body)->size(), encoded_size(c.meta, c.body.size())) << c.name;
  }
}

TEST(message, a_body_that_writes_itself_gives_the_same_bytes_as_one_in_memory) {
  const auto bytes = std::make_shared<std::vector<std::byte>>(pattern(1'500'001));
  metadata meta;
  meta.model_id = "m";
  const payload whole{meta, std::make_shared<memory_body>(*bytes, bytes)};
  for (const auto level : {compression::none, compression::fast}) {
    const auto gathered = encode(whole, level);
    const auto plain = encode(meta, *bytes, level);
    ASSERT_TRUE(gathered && plain);
    EXPECT_EQ(copy(gathered->bytes()), copy(plain->bytes()));
    EXPECT_EQ(copy(decode(gathered->bytes())->body), *bytes);
  }
  std::vector<std::byte> place(encoded_size(meta, bytes->size()) + 7);
  const auto written = encode_into(whole, place);
  ASSERT_TRUE(written);
  EXPECT_EQ(*written, place.size() - 7);
  place.resize(*written);
  EXPECT_EQ(place, copy(encode(whole)->bytes()));
  place.pop_back();
  EXPECT_EQ(encode_into(whole, place).error().code, errc::invalid_argument);
}

TEST(message, a_payload_without_a_body_is_an_empty_one) {
  const payload nothing;
  for (const auto level : {compression::none, compression::balanced}) {
    const auto encoded = encode(nothing, level);
    ASSERT_TRUE(encoded);
    EXPECT_TRUE(decode(encoded->bytes())->body.empty());
  }
}

TEST(message, published_vectors_without_a_checksum_decode) {
  const auto first = from_hex("415601002a0000001a00000012076167656e742d61220a746573742d6d6f64656c28044a0104cdcccc3dcdcc"
                              "4c3e9a99993ecdcccc3e");
  const auto one = decode(first);
  ASSERT_TRUE(one) << one.error().message;
  EXPECT_EQ(one->meta.source_agent_id, "agent-a");
  EXPECT_EQ(one->meta.model_id, "test-model");
  EXPECT_EQ(one->meta.hidden_dim, 4u);
  EXPECT_THAT(one->meta.tensor_shape, testing::ElementsAre(4u));
  EXPECT_FALSE(one->checksum);
  EXPECT_FALSE(one->checksum_ok);
  float values[4];
  ASSERT_EQ(one->body.size(), sizeof values);
  std::memcpy(values, one->body.data(), sizeof values);
  EXPECT_THAT(values, testing::ElementsAre(.1f, .2f, .3f, .4f));
  const auto second = from_hex("415601000d0000000500000028024a01020000803f00000040");
  ASSERT_TRUE(decode(second));
  EXPECT_EQ(decode(second)->meta.hidden_dim, 2u);
}

TEST(message, an_uncompressed_body_is_a_view) {
  const auto bytes = test::message_cases().front().bytes;
  const auto decoded = decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->body.data() + decoded->body.size(), bytes.data() + bytes.size());
  EXPECT_EQ(decoded->inflated.size(), 0u);
}

TEST(message, bad_messages_of_the_fixtures_have_their_names) {
  const std::map<std::string, errc> expected_codes{{"empty", errc::too_short},
                                                   {"short_header", errc::too_short},
                                                   {"magic", errc::bad_magic},
                                                   {"version_0", errc::unsupported_version},
                                                   {"version_9", errc::unsupported_version},
                                                   {"truncated", errc::truncated},
                                                   {"length_max", errc::truncated},
                                                   {"metadata_longer_than_payload", errc::bad_metadata},
                                                   {"flipped_tensor_byte", errc::checksum_mismatch},
                                                   {"trailing_bytes", errc{}},
                                                   {"metadata_garbage", errc::bad_metadata},
                                                   {"zstd_corrupt", errc::decompression_failed}};
  const auto bad = test::read_json("avp_messages.json").at("bad");
  EXPECT_EQ(bad.size(), expected_codes.size());
  for (const auto& c : bad) {
    const std::string name = c.at("name");
    ASSERT_TRUE(expected_codes.contains(name)) << name;
    EXPECT_EQ(code_of(from_hex(c.at("message_hex"))), expected_codes.at(name)) << name;
  }
}

TEST(message, every_prefix_of_a_message_is_refused) {
  for (const auto& c : test::message_cases()) {
    for (std::size_t length = 0; length < c.bytes.size(); length += length < 300 ? 1 : 97) {
      const auto code = code_of(std::span(c.bytes).first(length));
      EXPECT_EQ(code, length < message_header_bytes ? errc::too_short : errc::truncated) << c.name << " at " << length;
    }
  }
}

TEST(message, a_wrong_checksum_can_be_looked_past_and_is_still_reported) {
  auto bytes = test::message_cases().front().bytes;
  bytes.back() ^= std::byte{1};
  EXPECT_EQ(code_of(bytes), errc::checksum_mismatch);
  decode_options lenient;
  lenient.verify_checksum = false;
  const auto decoded = decode(bytes, lenient);
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->checksum);
  EXPECT_FALSE(decoded->checksum_ok);
}

TEST(message, unknown_enum_values_are_refused_and_named) {
  // Fields 7 (payload_type), 8 (dtype), 10 (mode) as varints.
  const std::vector<std::pair<std::string, std::string>> cases{{"3802", "payload_type"},
                                                               {"4004", "dtype"},
                                                               {"4005", "dtype"},
                                                               {"5002", "mode"},
                                                               {"40ffffffffffffffffff01", "dtype"}};
  for (const auto& [hex, field] : cases) {
    const auto decoded = decode(raw_message(from_hex(hex), {}));
    ASSERT_FALSE(decoded) << hex;
    EXPECT_EQ(decoded.error().code, errc::unknown_enum) << hex;
    EXPECT_THAT(decoded.error().message, testing::HasSubstr(field));
  }
}

TEST(message, unknown_fields_and_unknown_extra_keys_are_no_error) {
  // Field 100 as a string, field 12 (reserved) as a varint, then session_id "s".
  const auto decoded = decode(raw_message(from_hex("a2060378797a"
                                                   "600f"
                                                   "0a0173"),
                                          {}));
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->meta.session_id, "s");
}

TEST(message, text_must_be_utf_8_both_ways) {
  EXPECT_EQ(code_of(raw_message(from_hex("0a02c328"), {})), errc::bad_metadata);
  metadata meta;
  meta.session_id = "\xc3\x28";
  EXPECT_EQ(encode(meta, {}).error().code, errc::bad_metadata);
  EXPECT_THAT(encode(meta, {}).error().message, testing::HasSubstr("session_id"));
  meta = {};
  meta.extra["k"] = "\xed\xa0\x80"; // a surrogate
  EXPECT_EQ(encode(meta, {}).error().code, errc::bad_metadata);
  EXPECT_EQ(encode_into({meta, nullptr}, {}).error().code, errc::bad_metadata);
  meta.extra = {{"ключ", "漢😀"}};
  const auto encoded = encode(meta, {});
  ASSERT_TRUE(encoded);
  EXPECT_EQ(decode(encoded->bytes())->meta, meta);
}

TEST(message, metadata_over_the_limit_is_refused_before_it_is_parsed) {
  metadata meta;
  meta.extra["k"] = std::string(5000, 'v');
  const auto encoded = encode(meta, {});
  ASSERT_TRUE(encoded);
  decode_options options;
  options.max_metadata_bytes = 1000;
  EXPECT_EQ(code_of(encoded->bytes(), options), errc::too_large);
}

TEST(message, a_decompression_bomb_is_refused_by_the_callers_limit) {
  const std::vector<std::byte> zeros(10'000'000);
  const auto bomb = encode(metadata{}, zeros, compression::fast);
  ASSERT_TRUE(bomb);
  EXPECT_LT(bomb->size(), 10'000u);
  decode_options options;
  options.max_body_bytes = zeros.size() - 1;
  EXPECT_EQ(code_of(bomb->bytes(), options), errc::too_large);
  options.max_body_bytes = zeros.size();
  EXPECT_EQ(code_of(bomb->bytes(), options), errc{});
}

/// A zstd frame of raw blocks that does not say how long its content is (RFC 8878, section 3.1.1).
std::vector<std::byte> frame_without_size(std::span<const std::byte> content) {
  constexpr std::size_t block = 128 * 1024;
  auto frame = from_hex("28b52ffd" // magic number
                        "00"       // no content size, no checksum
                        "70");     // window of 16 MiB
  for (bool last = false; !last; content = content.subspan(std::min(block, content.size()))) {
    last = content.size() <= block;
    const auto length = std::min(block, content.size());
    const auto header = static_cast<std::uint32_t>(length << 3 | (last ? 1 : 0));
    for (int i = 0; i < 3; ++i)
      frame.push_back(static_cast<std::byte>(header >> (8 * i)));
    frame.insert(frame.end(), content.begin(), content.begin() + static_cast<std::ptrdiff_t>(length));
  }
  return frame;
}

TEST(message, a_frame_that_hides_its_size_is_read_up_to_the_limit) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, std::size_t{262'144}, std::size_t{3'000'000}}) {
    const auto content = pattern(size);
    const auto bytes = raw_message({}, frame_without_size(content), flag_compressed);
    const auto decoded = decode(bytes);
    ASSERT_TRUE(decoded) << size << ": " << decoded.error().message;
    EXPECT_EQ(copy(decoded->body), content);
    if (size > 0) {
      decode_options options;
      options.max_body_bytes = size - 1;
      EXPECT_EQ(code_of(bytes, options), errc::too_large);
    }
  }
}

/// Repeats a frame's block of zeros (RFC 8878, section 3.1.1.2: a block that is one byte again and again).
std::vector<std::byte> frame_of_zeros(const std::string& head_hex, int blocks) {
  constexpr std::uint32_t block = 128 * 1024;
  auto frame = from_hex("28b52ffd" + head_hex);
  for (int i = 0; i < blocks; ++i) {
    const auto header = block << 3 | 1 << 1 | (i + 1 == blocks ? 1 : 0);
    for (int shift = 0; shift < 24; shift += 8)
      frame.push_back(static_cast<std::byte>(header >> shift));
    frame.push_back(std::byte{0});
  }
  return frame;
}

constexpr auto says_nothing = "0038";                 // a window of 128 KiB
constexpr auto says_1_gib = "a000000040";             // one segment of 1 GiB
constexpr auto says_1_gib_in_pieces = "805800000040"; // the same with a window of 2 MiB

/// The most memory that this process has held, in bytes.
std::uint64_t peak_memory() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
}

TEST(message, what_grows_to_a_gibibyte_is_refused_before_memory_is_taken) {
  constexpr int blocks = 8192; // 1 GiB
  decode_options generous;
  generous.max_body_bytes = std::uint64_t{2} << 30;
  const auto before = peak_memory();
  for (const auto* head : {says_nothing, says_1_gib, says_1_gib_in_pieces}) {
    const auto frame = frame_of_zeros(head, blocks);
    EXPECT_LT(frame.size(), 33'000U);
    const auto bomb = raw_message(from_hex("7801"), frame, flag_compressed); // a checksum that is wrong
    EXPECT_EQ(code_of(bomb), errc::too_large) << head;
    EXPECT_THAT(decode(bomb).error().message, testing::HasSubstr("more than the 268435456 bytes that are allowed"));
    const auto code = code_of(bomb, generous);
    EXPECT_EQ(code, head == says_1_gib ? errc::decompression_failed : errc::checksum_mismatch) << head;
  }
  EXPECT_LT(peak_memory() - before, std::uint64_t{200} << 20);
}

TEST(message, frames_that_lie_about_their_size_are_refused) {
  decode_options generous;
  generous.max_body_bytes = std::uint64_t{2} << 30;
  const auto before = peak_memory();
  for (const auto* head : {says_1_gib, says_1_gib_in_pieces})
    EXPECT_EQ(code_of(raw_message({}, frame_of_zeros(head, 1), flag_compressed), generous), errc::decompression_failed);
  // One segment of 1000 bytes that is 128 KiB.
  EXPECT_EQ(code_of(raw_message({}, frame_of_zeros("60e802", 1), flag_compressed)), errc::decompression_failed);
  EXPECT_EQ(code_of(raw_message({}, frame_of_zeros("00c0", 1), flag_compressed)), errc::decompression_failed)
      << "a window of 16 GiB";
  EXPECT_LT(peak_memory() - before, std::uint64_t{200} << 20);
}

TEST(message, several_frames_are_one_body_within_one_limit) {
  const auto one = encode(metadata{}, pattern(1000), compression::fast);
  const auto start =
      one->size() - decode_header(one->bytes())->payload_length + decode_header(one->bytes())->metadata_length;
  const auto frame = copy(one->bytes().subspan(start));
  std::vector<std::byte> frames;
  for (const auto& next : {frame, from_hex("502a4d1803000000aabbcc"), frame_without_size(pattern(500)), frame})
    frames.insert(frames.end(), next.begin(), next.end()); // the second one is to be skipped
  const auto bytes = raw_message({}, frames, flag_compressed);
  const auto decoded = decode(bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  auto whole = pattern(1000);
  for (const auto& more : {pattern(500), pattern(1000)})
    whole.insert(whole.end(), more.begin(), more.end());
  EXPECT_EQ(copy(decoded->body), whole);
  decode_options options;
  options.max_body_bytes = whole.size() - 1;
  EXPECT_EQ(code_of(bytes, options), errc::too_large);
  frames.push_back(std::byte{1});
  EXPECT_EQ(code_of(raw_message({}, frames, flag_compressed)), errc::decompression_failed);
  EXPECT_EQ(code_of(raw_message({}, {}, flag_compressed)), errc::decompression_failed);
}

TEST(message, damaged_frames_are_refused_wherever_the_damage_is) {
  const auto content = pattern(100'000);
  const auto good = encode(metadata{}, content, compression::fast);
  const auto start =
      good->size() - decode_header(good->bytes())->payload_length + decode_header(good->bytes())->metadata_length;
  for (std::size_t cut = start; cut < good->size(); cut += 4999) {
    auto bytes = copy(good->bytes().first(cut));
    store_little_endian(static_cast<std::uint32_t>(cut - message_header_bytes), bytes.data() + 4);
    EXPECT_EQ(code_of(bytes), errc::decompression_failed) << cut;
  }
  const auto hidden = frame_without_size(content);
  for (std::size_t cut = 0; cut < hidden.size(); cut += 4999)
    EXPECT_EQ(code_of(raw_message({}, std::span(hidden).first(cut), flag_compressed)), errc::decompression_failed)
        << cut;
}

TEST(message, any_flipped_byte_is_an_error_or_another_message_but_no_crash) {
  for (const auto& c : test::message_cases()) {
    auto bytes = c.bytes;
    for (std::size_t i = 0; i<bytes.size(); i += bytes.size()> 1000 ? 13 : 1) {
      for (const auto mask : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
        bytes[i] ^= mask;
        const auto decoded = decode(bytes);
        if (decoded) {
          EXPECT_LE(decoded->body.size(), bytes.size() + c.body.size());
        }
        bytes[i] ^= mask;
      }
    }
  }
}

TEST(message, more_than_4_gib_is_refused_and_never_wraps) {
  for (const auto size : {max_payload_length, max_payload_length + 1, std::uint64_t{5} << 32, ~std::uint64_t{0}}) {
    const payload whole{{}, std::make_shared<claimed_body>(size)};
    EXPECT_EQ(encode(whole).error().code, errc::too_large) << size;
    EXPECT_EQ(encode_into(whole, {}).error().code, errc::too_large) << size;
  }
  // Six bytes of metadata are the checksum's, so this is the most that fits.
  EXPECT_EQ(encoded_size({}, max_payload_length - 6), message_header_bytes + max_payload_length);
}

TEST(message, an_unknown_compression_level_is_refused) {
  EXPECT_EQ(encode(metadata{}, {}, static_cast<compression>(200)).error().code, errc::invalid_argument);
}

TEST(message, a_payload_keeps_its_bytes_alive) {
  for (const auto& c : test::message_cases()) {
    auto owner = std::make_shared<std::vector<std::byte>>(c.bytes);
    const std::weak_ptr<std::vector<std::byte>> watch = owner;
    auto decoded = decode_payload(*owner, owner);
    ASSERT_TRUE(decoded) << c.name;
    owner.reset();
    const bool compressed = (c.bytes[3] & std::byte{flag_compressed}) != std::byte{0};
    EXPECT_EQ(watch.expired(), compressed) << c.name;
    std::vector<std::byte> body(decoded->body->size());
    decoded->body->write(0, body);
    EXPECT_EQ(body, c.body) << c.name;
    decoded->body.reset();
    EXPECT_TRUE(watch.expired()) << c.name;
  }
}

TEST(message, crc_32_is_that_of_zlib) {
  const std::string digits = "123456789";
  EXPECT_EQ(crc32(0, std::as_bytes(std::span(digits))), 0xcbf43926u);
  const auto first = crc32(0, std::as_bytes(std::span(digits).first(4)));
  EXPECT_EQ(crc32(first, std::as_bytes(std::span(digits).subspan(4))), 0xcbf43926u);
  EXPECT_EQ(crc32(7, {}), 7u);
}

} // namespace
} // namespace avp
