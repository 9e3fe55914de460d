// The file of a node: its addresses, as they are read and refused.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/node/node_config.hpp"

namespace {

using namespace avp;
using testing::AllOf;
using testing::HasSubstr;

node_config_result load(const std::string& addresses, const std::string& more = "") {
  const auto file = std::filesystem::temp_directory_path() / ("node-" + std::to_string(getpid()) + ".toml");
  std::ofstream(file) << "name = \"b\"\n" << addresses << "\n" << more << "\n";
  auto loaded = load_node_config(file);
  std::filesystem::remove(file);
  return loaded;
}

node_config good(const std::string& control, const std::string& data, const std::string& more = "") {
  auto loaded = load("control = \"" + control + "\"\ndata = \"" + data + "\"", more);
  if (!loaded.config)
    throw std::runtime_error(to_string(loaded.mistakes));
  return *loaded.config;
}

std::string mistakes(const std::string& control, const std::string& data) {
  const auto loaded = load("control = \"" + control + "\"\ndata = \"" + data + "\"");
  return loaded.config ? "" : to_string(loaded.mistakes);
}

TEST(node_config, addresses_of_both_families_names_and_free_ports) {
  const auto six = good("[::1]:5554", "TCP://[::1]:0");
  EXPECT_EQ(six.control, (tcp_address{"::1", 5554}));
  EXPECT_EQ(six.data, "tcp://[::1]:0");
  EXPECT_EQ(good("localhost:0", "tcp://localhost:5555").data, "tcp://localhost:5555");
  EXPECT_EQ(good(":5554", "tcp://:5555").data, "tcp://127.0.0.1:5555");
  EXPECT_EQ(good("*:5554", "tcp://[::]:5555", "unencrypted = true").control.host, "*");
  EXPECT_EQ(good(":5554", "tcp://[fe80::1%lo]:5555", "unencrypted = true").data, "tcp://[fe80::1%lo]:5555");
}

TEST(node_config, addresses_that_are_none_are_refused_where_they_stand) {
  EXPECT_THAT(mistakes("::1", "127.0.0.1:5555"),
              AllOf(HasSubstr(".toml:2:1: \"control\" must be \"host:port\", such as 0.0.0.0:5554, [::1]:5554"),
                    HasSubstr("needs brackets and a port"),
                    HasSubstr(".toml:3:1: \"data\" must be \"tcp://host:port\""),
                    HasSubstr("it does not begin with tcp://")));
  EXPECT_THAT(mistakes("[fe80::1%lo]:5554", "tcp://:1"), HasSubstr("\"control\" can't be the link-local address"));
  for (const auto* wrong : {"x", "x:", "x:65536", "x:-1", "[::1]", "[::1", "büro:1", "a b:1", "256.1.1.1:1"}) {
    EXPECT_THAT(mistakes(wrong, "tcp://127.0.0.1:1"), HasSubstr("\"control\" must be")) << wrong;
    EXPECT_THAT(mistakes("127.0.0.1:1", std::string("tcp://") + wrong), HasSubstr("\"data\" must be")) << wrong;
  }
}

TEST(node_config, what_others_reach_needs_keys) {
  for (const auto* reached : {"0.0.0.0:1", "[::]:1", "*:1", "[fd00::1]:1", "name:1"}) {
    EXPECT_THAT(mistakes(reached, "tcp://127.0.0.1:1"), HasSubstr("other machines can reach")) << reached;
    EXPECT_THAT(mistakes("127.0.0.1:1", std::string("tcp://") + reached), HasSubstr("other machines can reach"));
  }
  EXPECT_EQ(mistakes("[::1]:1", "tcp://localhost:1"), "");
}

} // namespace
