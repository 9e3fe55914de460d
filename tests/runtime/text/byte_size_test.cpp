// Sizes with units.
#include <gtest/gtest.h>

#include "runtime/text/byte_size.hpp"

namespace avp {
namespace {

TEST(byte_size, reads_every_unit) {
  EXPECT_EQ(parse_byte_size("1B"), 1);
  EXPECT_EQ(parse_byte_size("3KiB"), 3072);
  EXPECT_EQ(parse_byte_size("2MiB"), 2 << 20);
  EXPECT_EQ(parse_byte_size("2GiB"), std::int64_t{2} << 30);
  EXPECT_EQ(parse_byte_size("1TiB"), std::int64_t{1} << 40);
  EXPECT_EQ(parse_byte_size("1kB"), 1000);
  EXPECT_EQ(parse_byte_size("7MB"), 7'000'000);
  EXPECT_EQ(parse_byte_size("2GB"), 2'000'000'000);
  EXPECT_EQ(parse_byte_size("1TB"), 1'000'000'000'000);
}

TEST(byte_size, takes_blanks_and_decimals) {
  EXPECT_EQ(parse_byte_size("1.5 GiB"), std::int64_t{3} << 29);
  EXPECT_EQ(parse_byte_size("0.5KiB"), 512);
}

TEST(byte_size, takes_nothing_else) {
  for (const auto* text : {"", "2", "GiB", "2gib", "2 G", "2GiB ", "2GiBs", "-2GiB", "0GiB", "0.1B", "nanB", "infB",
                           " 2GiB", "1e3MB", "0x2MB", "9000000TiB", "99999999999999999999999999GiB", "2,5GiB"})
    EXPECT_EQ(parse_byte_size(text), std::nullopt) << text;
}

} // namespace
} // namespace avp
