// The HTTP binding: our client against our server, and both against peers that do not behave.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/transport/link/payloads.hpp"
#include "tests/transport/web/raw_socket.hpp"
#include "transport/http/http_client.hpp"
#include "transport/http/http_server.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using test::bytes_of;
using test::numbered_payload;
using test::raw_socket;
using testing::HasSubstr;

/// A server that keeps what it gets.
struct node {
  explicit node(http_server_options options = {}, bool takes_text = true) {
    http_handlers handlers;
    handlers.on_payload = [this](payload p, const std::string& agent) -> expected<std::string> {
      if (p.meta.model_id == "throw")
        throw std::runtime_error("handler");
      if (p.meta.model_id == "refuse")
        return fail(errc::invalid_argument, "not today");
      if (p.meta.model_id == "nonsense")
        return "[1]";
      last = std::move(p);
      from = agent;
      return R"({"n": 7})";
    };
    if (takes_text)
      handlers.on_text = [this](const json_message& m) -> expected<std::string> {
        text = m;
        return "";
      };
    handlers.on_hello = [](const hello& h) -> expected<handshake_answer> {
      if (h.agent_id == "enemy")
        return fail(errc::rejected, "go away");
      model_identity identity;
      identity.model_hash = "theirs";
      identity.model_family = "llama";
      identity.hidden_dim = 4;
      identity.num_layers = 2;
      return handshake_answer{"server", identity, R"({"weights_digest": "d"})", "0123456789abcdef0123456789abcdef"};
    };
    server = *http_server::start(options, handlers);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  std::unique_ptr<http_client> client(const std::string& token = {}) const {
    return *http_client::make({url(), "tester", token, 5s});
  }

  std::string raw(const std::string& request) const {
    const auto connection = raw_socket::connect(server->port());
    connection.send(request);
    return connection.receive();
  }

  payload last;
  std::string from;
  json_message text;
  std::unique_ptr<http_server> server;
};

TEST(http, payloads_texts_and_health) {
  node n;
  const auto client = n.client();
  EXPECT_TRUE(client->health());
  const auto sent = numbered_payload(1, 100'000);
  for (const auto level : {compression::none, compression::fast}) {
    const auto answer = client->transmit(sent, level);
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(nlohmann::json::parse(*answer), (nlohmann::json{{"success", true}, {"n", 7}}));
    EXPECT_EQ(n.last.meta, sent.meta);
    EXPECT_EQ(bytes_of(n.last), bytes_of(sent));
    EXPECT_EQ(n.from, "tester");
  }
  json_message text;
  text.content = "héllo";
  ASSERT_TRUE(client->send_text(text));
  EXPECT_EQ(n.text, text);
}

TEST(http, a_handshake_makes_a_session_with_the_servers_identifier) {
  node n;
  hello local;
  local.agent_id = "tester";
  local.identity = model_identity{};
  local.identity->model_family = "llama";
  local.identity->hidden_dim = 4;
  local.identity->num_layers = 2;
  const auto made = n.client()->handshake(local);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->id, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(made->agreed.path, resolution_path::structural_match);
  EXPECT_EQ(made->peer_agent, "server");
  metadata meta;
  made->address(meta);
  EXPECT_EQ(meta.extra.at("model_hash"), "theirs");
  local.set_weights_digest("other");
  EXPECT_EQ(n.client()->handshake(local)->agreed.path, resolution_path::json_fallback);
  local.agent_id = "enemy";
  const auto refused = n.client()->handshake(local);
  EXPECT_EQ(refused.error().code, errc::rejected);
  EXPECT_THAT(refused.error().message, HasSubstr("go away"));
}

TEST(http, without_a_handler_a_hello_is_echoed) {
  const auto server =
      *http_server::start({}, {[](payload, const std::string&) { return expected<std::string>(""); }, {}, {}});
  const auto client = *http_client::make({"http://127.0.0.1:" + std::to_string(server->port())});
  hello local;
  local.agent_id = "a";
  local.identity = model_identity{};
  local.identity->model_hash = "h";
  const auto made = client->handshake(local);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->agreed.path, resolution_path::hash_match);
  EXPECT_EQ(made->id.size(), 32u);
}

TEST(http, sixty_four_mebibytes) {
  node n;
  const auto sent = numbered_payload(1, std::size_t{64} << 20);
  ASSERT_TRUE(n.client()->transmit(sent));
  EXPECT_EQ(bytes_of(n.last), bytes_of(sent));
}

TEST(http, bad_requests_are_answered_with_400_and_the_reason) {
  node n;
  const auto client = n.client();
  const std::string rubbish = "rubbish, rubbish";
  const auto bad = client->transmit_bytes(std::as_bytes(std::span(rubbish)));
  EXPECT_EQ(bad.error().code, errc::rejected);
  EXPECT_THAT(bad.error().message, HasSubstr("400"));
  EXPECT_THAT(bad.error().message, HasSubstr("not 41 56"));
  EXPECT_EQ(client->transmit_bytes({}).error().code, errc::rejected);
  const auto headers = std::string(" HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n[1]");
  EXPECT_THAT(n.raw("POST /avp/v2/handshake" + headers), HasSubstr("400"));
  EXPECT_THAT(n.raw("POST /avp/v2/text" + headers), HasSubstr("400"));
  EXPECT_THAT(n.raw("POST /avp/v2/nowhere" + headers), HasSubstr("404"));
  EXPECT_TRUE(client->health());
}

TEST(http, what_the_handler_says_or_throws_becomes_the_answer) {
  node n;
  const auto client = n.client();
  auto p = numbered_payload(1, 10);
  p.meta.model_id = "refuse";
  const auto refused = client->transmit(p);
  EXPECT_THAT(refused.error().message, HasSubstr("400: not today"));
  p.meta.model_id = "throw";
  EXPECT_THAT(client->transmit(p).error().message, HasSubstr("500"));
  p.meta.model_id = "nonsense";
  EXPECT_THAT(client->transmit(p).error().message, HasSubstr("500"));
  p.meta.model_id = "\xff";
  EXPECT_EQ(client->transmit(p).error().code, errc::bad_metadata);
}

TEST(http, a_node_that_takes_no_text_says_501) {
  node n({}, false);
  const auto refused = n.client()->send_text({});
  EXPECT_EQ(refused.error().code, errc::rejected);
  EXPECT_THAT(refused.error().message, HasSubstr("501"));
}

TEST(http, a_wrong_token_is_answered_with_401) {
  http_server_options options;
  options.token = "secret";
  node n(options);
  for (const auto* wrong : {"", "secreT", "secrets", "s"}) {
    const auto client = n.client(wrong);
    EXPECT_EQ(client->transmit(numbered_payload(1, 5'000'000)).error().code, errc::unauthorized) << wrong;
    EXPECT_EQ(client->send_text({}).error().code, errc::unauthorized) << wrong;
    EXPECT_EQ(client->handshake({}).error().code, errc::unauthorized) << wrong;
    EXPECT_TRUE(client->health());
  }
  EXPECT_FALSE(n.last.body);
  const auto client = n.client("secret");
  EXPECT_TRUE(client->transmit(numbered_payload(1, 10)));
  EXPECT_TRUE(client->handshake({}));
}

TEST(http, a_body_over_the_limit_is_answered_with_413_however_it_comes) {
  http_server_options options;
  options.max_body_bytes = 1000;
  node n(options);
  const auto refused = n.client()->transmit(numbered_payload(1, 1000));
  EXPECT_EQ(refused.error().code, errc::rejected);
  EXPECT_THAT(refused.error().message, HasSubstr("413"));
  std::string chunked = "POST /avp/v2/transmit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i)
    chunked += "190\r\n" + std::string(400, 'x') + "\r\n";
  EXPECT_THAT(n.raw(chunked + "0\r\n\r\n"), HasSubstr("413"));
  // Under the limit, a chunked body is as good as any.
  const auto message = *encode(numbered_payload(1, 500));
  const std::string bytes(reinterpret_cast<const char*>(message.data()), message.size());
  std::string good = "POST /avp/v2/transmit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  char length[16];
  std::snprintf(length, sizeof length, "%zx", bytes.size());
  EXPECT_THAT(n.raw(good + length + "\r\n" + bytes + "\r\n0\r\n\r\n"), HasSubstr("200"));
  EXPECT_TRUE(n.client()->health());
}

TEST(http, texts_have_a_limit_of_their_own) {
  http_server_options options;
  options.max_text_bytes = 1000;
  node n(options);
  json_message text;
  text.content = std::string(2000, 'x');
  EXPECT_THAT(n.client()->send_text(text).error().message, HasSubstr("413"));
  text.content.resize(500);
  EXPECT_TRUE(n.client()->send_text(text));
}

TEST(http, connections_that_break_off_or_speak_something_else_do_no_harm) {
  node n;
  for (const auto* words : {"POST /avp/v2/transmit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nAV",
                            "POST /avp/v2/transmit HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                            "POST /avp/v2/transmit HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
                            "POST /avp/v2/transmit HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                            "\xff\xfe\x00\x01 garbage\r\n\r\n", "GET", ""}) {
    const auto connection = raw_socket::connect(n.server->port());
    connection.send(words);
  }
  auto resetting = raw_socket::connect(n.server->port());
  resetting.send("POST /avp/v2/transmit HTTP/1.1\r\nContent-Length: 100\r\n\r\nAV");
  resetting.reset();
  EXPECT_TRUE(n.client()->health());
  EXPECT_TRUE(n.client()->transmit(numbered_payload(1, 10)));
}

TEST(http, servers_that_cannot_start) {
  const http_handlers handlers{[](payload, const std::string&) { return expected<std::string>(""); }, {}, {}};
  EXPECT_EQ(http_server::start({}, {}).error().code, errc::invalid_argument);
  http_server_options options;
  options.host = "203.0.113.1"; // an address for documentation, never one of ours
  EXPECT_EQ(http_server::start(options, handlers).error().code, errc::io_failed);
}

TEST(http, peers_on_ipv6_and_with_names) {
  http_server_options options;
  options.host = "localhost";
  node named(options);
  EXPECT_TRUE((*http_client::make({"http://localhost:" + std::to_string(named.server->port())}))->health());
  if (!test::has_ipv6())
    GTEST_SKIP() << "this machine has no IPv6";
  options.host = "::1";
  const http_handlers handlers{[](payload, const std::string&) { return expected<std::string>(""); }, {}, {}};
  const auto server = http_server::start(options, handlers);
  ASSERT_TRUE(server) << server.error().message;
  const auto client = *http_client::make({"http://[::1]:" + std::to_string((*server)->port())});
  EXPECT_TRUE(client->transmit(numbered_payload(1, 1000)));
}

TEST(http, many_slow_clients_keep_nobody_waiting) {
  node n;
  std::vector<raw_socket> stalled;
  for (int i = 0; i < 100; ++i) {
    stalled.push_back(raw_socket::connect(n.server->port()));
    stalled.back().send("POST /avp/v2/transmit HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nAV");
  }
  EXPECT_TRUE(n.client()->transmit(numbered_payload(1, 10)));
  EXPECT_TRUE(n.client()->health());
}

/// A server that answers every connection with the same bytes.
class liar {
public:
  explicit liar(std::string words)
      : socket_(raw_socket::listen()),
        thread_([this, words = std::move(words)] {
          for (;;) {
            const auto connection = socket_.accept();
            if (connection.fd() < 0 || stop_)
              return;
            (void)connection.receive();
            connection.send(words);
            if (words.empty())
              std::this_thread::sleep_for(3s);
          }
        }) {}
  ~liar() {
    stop_ = true;
    try {
      (void)raw_socket::connect(socket_.port());
    } catch (const std::exception&) {
    }
    thread_.join();
  }
  std::unique_ptr<http_client> client() const {
    return *http_client::make({"http://127.0.0.1:" + std::to_string(socket_.port()), "tester", "", 1s});
  }

private:
  raw_socket socket_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

errc health_with(const std::string& words) {
  const liar server(words);
  const auto result = server.client()->health();
  return result ? errc{} : result.error().code;
}

TEST(http, answers_that_are_none_are_errors) {
  EXPECT_EQ(health_with("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), errc{});
  EXPECT_EQ(health_with("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"), errc::bad_json);
  EXPECT_EQ(health_with("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1]"), errc::bad_json);
  EXPECT_EQ(health_with("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), errc::rejected);
  EXPECT_EQ(health_with("HTTP/1.1 200 OK\r\n\r\n" + std::string(2 << 20, 'x')), errc::too_large);
  EXPECT_EQ(health_with("garbage\r\n\r\n"), errc::timed_out);
  EXPECT_EQ(health_with(""), errc::timed_out);
  const liar server(R"(HTTP/1.1 200 OK)"
                    "\r\nContent-Length: 17\r\n\r\n"
                    R"({"session_id": 1})");
  EXPECT_EQ(server.client()->handshake({}).error().code, errc::bad_json);
}

TEST(http, a_server_that_is_not_there_and_a_url_that_is_none) {
  int port = 0;
  {
    const auto closed = raw_socket::listen();
    port = closed.port();
  }
  const auto client = *http_client::make({"http://127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(client->health().error().code, errc::io_failed);
  for (const auto* bad : {"", "nonsense", "ftp://x", "http://", "https://x", "http://x:0", "http://x:y", "http://::1",
                          "http://[::1", "http://x/path", "http://u@x", "http://a b", "http://0.0.0.0:1"})
    EXPECT_EQ(http_client::make({bad}).error().code, errc::invalid_argument) << bad;
  EXPECT_THAT(http_client::make({"http://::1"}).error().message,
              testing::AllOf(HasSubstr("http://[::1]:8000"), HasSubstr("an IPv6 address needs brackets")));
  for (const auto* good : {"http://x", "HTTP://x:1/", "http://[fe80::1%25lo]:80", "http://[::1]"})
    EXPECT_TRUE(http_client::make({good})) << good;
}

} // namespace
} // namespace avp
