// Small things that everything else stands on: names, texts, numbers, buffers.
#include <cmath>
#include <set>

#include <gtest/gtest.h>
#include <poll.h>

#include "transport/element_value.hpp"
#include "transport/error.hpp"
#include "transport/link/buffer_pool.hpp"
#include "transport/link/wakeup.hpp"
#include "transport/little_endian.hpp"
#include "transport/random_id.hpp"
#include "transport/utf8.hpp"

namespace avp {
namespace {

TEST(error, every_code_has_a_name_of_its_own) {
  std::set<std::string_view> names;
  for (int code = static_cast<int>(errc::too_short); code <= static_cast<int>(errc::io_failed); ++code)
    names.insert(to_string(static_cast<errc>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(errc::io_failed));
  EXPECT_FALSE(names.contains("unknown"));
  EXPECT_EQ(to_string(static_cast<errc>(200)), "unknown");
  EXPECT_EQ(to_string(errc::checksum_mismatch), "checksum_mismatch");
}

TEST(utf8, what_is_well_formed_and_what_is_not) {
  for (const std::string good :
       {"", "a", "é", "漢", "😀", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80", "\xc2\x80"})
    EXPECT_TRUE(is_utf8(good)) << good;
  EXPECT_TRUE(is_utf8(std::string("a\0b", 3)));
  for (const std::string bad :
       {"\x80", "\xff", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc3", "\xe6\xbc", "\xf0\x9f\x98", "\xc3\x28", "a\xe6"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

double value(data_type dtype, std::uint32_t bits) {
  std::byte bytes[4];
  store_little_endian(bits, bytes);
  return element_value(dtype, bytes);
}

TEST(element_value, of_every_type) {
  EXPECT_EQ(value(data_type::float32, 0x3f800000), 1);
  EXPECT_EQ(value(data_type::bfloat16, 0x3f80), 1);
  EXPECT_EQ(value(data_type::float16, 0x3c00), 1);
  EXPECT_EQ(value(data_type::float16, 0xc500), -5);
  EXPECT_EQ(value(data_type::float16, 0x0001), std::ldexp(1, -24));
  EXPECT_EQ(value(data_type::float16, 0x7bff), 65504);
  EXPECT_EQ(value(data_type::float16, 0xfc00), -INFINITY);
  EXPECT_TRUE(std::isnan(value(data_type::float16, 0x7e00)));
  EXPECT_EQ(value(data_type::int8, 0xff), -1);
}

TEST(random_id, is_hex_and_never_the_same) {
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i)
    ids.insert(random_id());
  EXPECT_EQ(ids.size(), 1000u);
  for (const auto& id : ids)
    EXPECT_TRUE(id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos);
  EXPECT_NE(random_number(), random_number());
}

TEST(buffer_pool, large_buffers_come_back_and_idle_ones_are_bounded) {
  buffer_pool pool(3 << 20);
  auto first = pool.take(1'500'000);
  EXPECT_EQ(first.size(), std::size_t{2} << 20);
  EXPECT_EQ(pool.in_use(), first.size());
  const auto* where = first.data();
  pool.give(std::move(first));
  EXPECT_EQ(pool.in_use(), 0u);
  auto again = pool.take(1'200'000);
  EXPECT_EQ(again.data(), where);
  auto second = pool.take(2 << 20);
  pool.give(std::move(again));
  pool.give(std::move(second)); // over the limit: freed
  auto small = pool.take(100);
  EXPECT_EQ(small.size(), 100u);
  pool.give(std::move(small));
  EXPECT_EQ(pool.take(1 << 20).data(), where);
}

TEST(wakeup, is_readable_from_the_signal_until_it_is_cleared) {
  wakeup w;
  pollfd p{w.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&p, 1, 0), 0);
  w.signal();
  w.signal();
  EXPECT_EQ(poll(&p, 1, 0), 1);
  w.clear();
  EXPECT_EQ(poll(&p, 1, 0), 0);
  w.clear();
}

} // namespace
} // namespace avp
