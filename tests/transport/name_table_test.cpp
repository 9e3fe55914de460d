// Names of the values of an enum.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/error.hpp"
#include "transport/handshake/resolution.hpp"
#include "transport/metadata.hpp"
#include "transport/name_table.hpp"

namespace fruits {

enum class fruit : unsigned char { fig = 3, plum = 7 };

} // namespace fruits

namespace avp {

template <>
inline constexpr auto name_table<fruits::fruit> =
    std::to_array<named_value<fruits::fruit>>({{fruits::fruit::plum, "plum"}, {fruits::fruit::fig, "fig"}});

namespace {

using fruits::fruit;
using testing::ElementsAre;

static_assert(named_enum<fruit>);
static_assert(!named_enum<std::byte>);
static_assert(!named_enum<int>);
static_assert(name_of(fruit::fig) == "fig");
static_assert(value_named<fruit>("plum") == fruit::plum);

TEST(name_table, names_and_values_find_each_other) {
  EXPECT_THAT(all_names<fruit>(), ElementsAre("plum", "fig"));
  EXPECT_THAT(all_values<fruit>, ElementsAre(fruit::plum, fruit::fig));
  EXPECT_EQ(value_named<fruit>("Fig"), std::nullopt);
  EXPECT_EQ(value_named<fruit>(""), std::nullopt);
}

TEST(name_table, values_that_there_are_not_have_no_name) {
  EXPECT_EQ(find_name(fruit{4}), std::nullopt);
  EXPECT_THROW((void)name_of(fruit{4}), std::out_of_range);
}

TEST(name_table, words_of_the_transport) {
  EXPECT_THAT(all_names<data_type>(), ElementsAre("float32", "float16", "bfloat16", "int8"));
  EXPECT_EQ(to_string(errc::io_failed), "io_failed");
  EXPECT_EQ(to_string(errc{0}), "unknown");
  EXPECT_EQ(to_string(resolution_path::json_fallback), "json_fallback");
}

} // namespace
} // namespace avp
