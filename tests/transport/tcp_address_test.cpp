// Addresses: what is read, what is refused with which words, and what the system makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transport/web/raw_socket.hpp"
#include "transport/tcp_address.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string mistake_in(std::string_view text, address_use use = address_use::connect) {
  const auto read = parse_tcp_address(text, use);
  EXPECT_EQ(read ? errc{} : read.error().code, errc::invalid_argument) << text;
  return read ? "" : read.error().message;
}

TEST(tcp_address, reads_host_and_port) {
  const std::pair<const char*, tcp_address> cases[] = {
      {"10.0.0.2:5554", {"10.0.0.2", 5554}},
      {"localhost:80", {"localhost", 80}},
      {"[::1]:80", {"::1", 80}},
      {"[FD00::2]:1", {"FD00::2", 1}},
      {"[::ffff:10.0.0.1]:1", {"::ffff:10.0.0.1", 1}},
      {"[fe80::1%eth0]:65535", {"fe80::1%eth0", 65535}},
      {"gpu_box-7.example.org.:1", {"gpu_box-7.example.org.", 1}},
      {"xn--bcher-kva.example:1", {"xn--bcher-kva.example", 1}},
      {"4chan.org:1", {"4chan.org", 1}},
      {"255.255.255.255:1", {"255.255.255.255", 1}},
  };
  for (const auto& [text, address] : cases)
    for (const auto use : {address_use::listen, address_use::connect}) {
      const auto read = parse_tcp_address(text, use);
      ASSERT_TRUE(read) << read.error().message;
      EXPECT_EQ(*read, address) << text;
      EXPECT_EQ(to_string(*read), text);
      EXPECT_EQ(parse_tcp_endpoint(std::string("tcp://") + text, use), address);
      EXPECT_EQ(parse_tcp_endpoint(std::string("TcP://") + text, use), address);
    }
}

TEST(tcp_address, who_listens_may_leave_out_the_host_or_take_any) {
  EXPECT_EQ(parse_tcp_address(":0", address_use::listen), (tcp_address{"127.0.0.1", 0}));
  EXPECT_EQ(parse_tcp_address("*:9090", address_use::listen), (tcp_address{"*", 9090}));
  EXPECT_EQ(parse_tcp_address("127.0.0.1:*", address_use::listen), (tcp_address{"127.0.0.1", 0}));
  for (const auto* any : {"*:1", "0.0.0.0:1", "[::]:1", "[0:0::0]:1", "[::ffff:0.0.0.0]:1"}) {
    EXPECT_TRUE(parse_tcp_address(any, address_use::listen)) << any;
    EXPECT_THAT(mistake_in(any), HasSubstr("is every address of a machine; write the one at which others reach it"));
  }
  EXPECT_THAT(mistake_in(":9090"), HasSubstr("the host is missing"));
  for (const auto* none : {"host:0", "host:*"})
    EXPECT_THAT(mistake_in(none), HasSubstr("a port is a number from 1 to 65535"));
}

TEST(tcp_address, says_what_is_accepted_and_what_is_wrong) {
  EXPECT_EQ(mistake_in("::1:5554"), "must be \"host:port\", such as 10.0.0.2:5554, [fd00::2]:5554 or name:5554, found "
                                    "\"::1:5554\": an IPv6 address needs brackets and a port, such as [::1]:5554");
  EXPECT_EQ(parse_tcp_endpoint("10.0.0.2:5555", address_use::connect).error().message,
            "must be \"tcp://host:port\", such as tcp://10.0.0.2:5554, tcp://[fd00::2]:5554 or tcp://name:5554, found "
            "\"10.0.0.2:5555\": it does not begin with tcp://");
  EXPECT_THAT(mistake_in("9090", address_use::listen), HasSubstr("or, for this machine only, :5554, found"));
  const std::pair<const char*, const char*> cases[] = {
      {"", "it is empty"},
      {"tcp://10.0.0.2:1", "leave out tcp://"},
      {"TCP://10.0.0.2:1", "leave out tcp://"},
      {"http://10.0.0.2:1", "nothing stands before or after host and port"},
      {"10.0.0.2:1/", "nothing stands before or after host and port"},
      {"10.0.0.2", "the port is missing"},
      {"[::1]", "the port is missing"},
      {"::1", "needs brackets and a port"},
      {"fe80::1%lo", "needs brackets and a port"},
      {"1:2:3", "needs brackets"},
      {"fe80::1%lo:80", "needs brackets"},
      {"host:", "a port is a number"},
      {"host:x", "a port is a number"},
      {"host:-1", "a port is a number"},
      {"host:+1", "a port is a number"},
      {"host:65536", "a port is a number"},
      {"host:99999999999999999999", "a port is a number"},
      {"host:8 0", "spaces"},
      {" host:80", "spaces"},
      {"host:80\n", "spaces"},
      {"h\tost:80", "spaces"},
      {"[]:80", "stands in brackets"},
      {"[::1:80", "stands in brackets"},
      {"[::g]:80", "\"::g\" is no IPv6 address"},
      {"[localhost]:80", "\"localhost\" is no IPv6 address"},
      {"[127.0.0.1]:80", "\"127.0.0.1\" is no IPv6 address"},
      {"[::1%lo]:80", "only link-local addresses"},
      {"[fe80::1%]:80", "\"\" is no name of an interface"},
      {"[fe80::1%a;b]:80", "\"a;b\" is no name of an interface"},
      {"256.0.0.1:80", "\"256.0.0.1\" is no IPv4 address"},
      {"10.0.0:80", "\"10.0.0\" is no IPv4 address"},
      {"1234:80", "\"1234\" is no IPv4 address"},
      {"0x7f.1:80", "\"0x7f.1\" is no IPv4 address"},
      {"a.0x1f:80", "\"a.0x1f\" is no IPv4 address"},
      {"a..b:80", "\"a..b\" is no name of a host"},
      {"..:80", "\"..\" is no name of a host"},
      {"user@host:80", "\"user@host\" is no name of a host"},
      {"h*:80", "\"h*\" is no name of a host"},
      {"b\u00fccher.example:80", "letters of ASCII only"},
      {"\uff11.0.0.1:80", "letters of ASCII only"},
  };
  for (const auto& [text, why] : cases)
    EXPECT_THAT(mistake_in(text), HasSubstr(why)) << text;
  EXPECT_THAT(mistake_in(std::string(64, 'a') + ":80"), HasSubstr("is no name of a host"));
  std::string longest;
  for (int i = 0; i < 130; ++i)
    longest += "a.";
  EXPECT_THAT(mistake_in(longest + ":80"), HasSubstr("more than 253 characters"));
}

TEST(tcp_address, knows_this_machine) {
  for (const auto* here :
       {"127.0.0.1", "127.3.0.1", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "localhost", "LocalHost", "localhost."})
    EXPECT_TRUE(is_loopback({here, 1})) << here;
  for (const auto* elsewhere : {"0.0.0.0", "::", "*", "10.0.0.1", "fe80::1%lo", "example.org", "127.example.org", ""})
    EXPECT_FALSE(is_loopback({elsewhere, 1})) << elsewhere;
}

TEST(tcp_address, becomes_numbers) {
  EXPECT_THAT(*resolve({"127.0.0.1", 7}), testing::ElementsAre(tcp_address{"127.0.0.1", 7}));
  EXPECT_THAT(*resolve({"0:0:0:0:0:0:0:1", 7}), testing::ElementsAre(tcp_address{"::1", 7}));
  const auto here = *resolve({"localhost", 7});
  for (const auto& address : here)
    EXPECT_TRUE(is_loopback(address) && address.host != "localhost") << to_string(address);
  EXPECT_TRUE(is_wildcard(resolve({"*", 7})->front()));
  EXPECT_NE(resolve({"*", 7})->front().host, "*");
  for (const auto* unknown : {"no-such-host.invalid", "fe80::1%nosuch"}) {
    const auto refused = resolve({unknown, 7});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, errc::io_failed);
    EXPECT_THAT(refused.error().message, StartsWith("the host \"" + std::string(unknown) + "\" is not known: "));
  }
}

TEST(tcp_address, finds_who_accepts) {
  const auto socket = test::raw_socket::listen();
  const auto port = static_cast<std::uint16_t>(socket.port());
  EXPECT_EQ(find_reachable({"127.0.0.1", port}, 5s), (tcp_address{"127.0.0.1", port}));
  EXPECT_EQ(find_reachable({"localhost", port}, 5s), (tcp_address{"127.0.0.1", port}));
  EXPECT_EQ(find_reachable({"127.0.0.1", 1}, 5s).error().message, "nobody answers at 127.0.0.1:1");
  EXPECT_THAT(find_reachable({"no-such-host.invalid", port}, 5s).error().message, HasSubstr("is not known"));
  EXPECT_EQ(own_address_towards({"127.0.0.1", port}), "127.0.0.1");
}

} // namespace
} // namespace avp
