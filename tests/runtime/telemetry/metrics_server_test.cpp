// The endpoint, asked over a socket.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include "runtime/telemetry/metrics_server.hpp"

namespace avp {
namespace {

int port_of(const metrics_server& server) {
  const auto url = server.url();
  EXPECT_THAT(url, testing::MatchesRegex("http://127\\.0\\.0\\.1:[0-9]+/metrics"));
  return std::stoi(url.substr(url.rfind(':') + 1));
}

TEST(metrics_server, gives_the_text_of_that_moment) {
  std::atomic<int> asked = 0;
  const metrics_server server({}, [&] { return "asked " + std::to_string(++asked) + "\n"; });
  httplib::Client client("127.0.0.1", port_of(server));
  for (const auto* expected : {"asked 1\n", "asked 2\n"}) {
    const auto answer = client.Get("/metrics");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, expected);
    EXPECT_EQ(answer->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  }
  EXPECT_EQ(client.Get("/")->status, 404);
}

TEST(metrics_server, a_port_that_is_taken_is_refused) {
  const metrics_server first({}, [] { return ""; });
  const auto port = static_cast<std::uint16_t>(port_of(first));
  try {
    const metrics_server second({"127.0.0.1", port}, [] { return ""; });
    ADD_FAILURE() << "two servers on one port";
  } catch (const listen_error& error) {
    EXPECT_EQ(std::string(error.what()).find("cannot serve metrics at 127.0.0.1:" + std::to_string(port)), 0U)
        << error.what();
  }
}

TEST(metrics_server, frees_its_port_when_it_ends) {
  std::uint16_t port = 0;
  {
    const metrics_server first({}, [] { return ""; });
    port = static_cast<std::uint16_t>(port_of(first));
    httplib::Client("127.0.0.1", port).Get("/metrics");
  }
  EXPECT_NO_THROW(metrics_server({"127.0.0.1", port}, [] { return ""; }));
}

TEST(metrics_server, an_address_of_another_machine_is_refused) {
  EXPECT_THROW(metrics_server({"192.0.2.1", 0}, [] { return ""; }), listen_error);
}

} // namespace
} // namespace avp
