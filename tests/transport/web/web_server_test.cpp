// The web server, asked by honest clients and by such as speak strangely.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transport/web/web_site.hpp"
#include "transport/tcp_address.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using test::raw_socket;
using test::web_site;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr auto get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(web_server, answers_and_keeps_the_connection) {
  const web_site site;
  const auto connection = site.connect();
  for (int i = 0; i < 3; ++i) {
    connection.send(get_hello);
    EXPECT_THAT(connection.receive_until("hello\n"),
                AllOf(StartsWith("HTTP/1.1 200 OK\r\nDate: "),
                      HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"),
                      HasSubstr("\r\nContent-Length: 6\r\n"), HasSubstr("\r\nX-Site: test\r\n"),
                      Not(HasSubstr("Connection")), EndsWith("\r\n\r\nhello\n")));
  }
}

TEST(web_server, several_requests_at_once_are_answered_in_their_order) {
  const web_site site;
  std::string all;
  for (int i = 0; i < 200; ++i)
    all +=
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n<" + std::to_string(10 + i % 90) + ">" + get_hello;
  const auto answers = site.ask(all);
  std::size_t at = 0;
  for (int i = 0; i < 200; ++i) {
    for (const auto& next :
         {"\r\n\r\n<" + std::to_string(10 + i % 90) + ">HTTP/1.1 200", std::string("\r\n\r\nhello\n")}) {
      at = answers.find(next, at);
      ASSERT_NE(at, std::string::npos) << i << answers;
    }
  }
}

TEST(web_server, a_request_may_come_byte_by_byte) {
  const web_site site;
  const auto connection = site.connect();
  for (const auto byte : std::string(
           "\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\n"
           "Trailer: x\r\n\r\n"))
    connection.send({&byte, 1});
  EXPECT_THAT(connection.receive_until("abcd"), EndsWith("\r\n\r\nabcd"));
  connection.send(get_hello);
  EXPECT_THAT(connection.receive_until("hello\n"), EndsWith("\r\n\r\nhello\n"));
}

TEST(web_server, the_connection_ends_where_the_client_wants_it) {
  const web_site site;
  for (const auto* head :
       {"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /hello HTTP/1.0\r\n\r\n"}) {
    const auto connection = site.connect();
    connection.send(head);
    EXPECT_THAT(connection.receive_all(), AllOf(HasSubstr("\r\nConnection: close\r\n"), EndsWith("\r\n\r\nhello\n")));
  }
  const auto kept = site.connect();
  for (int i = 0; i < 2; ++i) {
    kept.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(kept.receive_until("hello\n"), HasSubstr("\r\nConnection: keep-alive\r\n"));
  }
}

TEST(web_server, head_has_no_body_and_the_same_length) {
  const web_site site;
  EXPECT_THAT(site.ask("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(HasSubstr("\r\nContent-Length: 6\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(site.ask("DELETE /echo HTTP/1.1\r\nHost: x\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 204 No Content\r\n"), Not(HasSubstr("Content-Length")), EndsWith("\r\n\r\n")));
}

TEST(web_server, paths_are_decoded_and_may_have_others_under_them) {
  const web_site site;
  const auto path = [&](const std::string& target) {
    return site.ask("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
  };
  EXPECT_THAT(path("/hello?name=x"), EndsWith("hello\n"));
  EXPECT_THAT(path("http://x:80/hello"), EndsWith("hello\n"));
  EXPECT_THAT(path("/%68ello"), EndsWith("hello\n"));
  EXPECT_THAT(path("/under/a%20b/c%2Fd?e"), EndsWith("\r\n\r\n/under/a b/c/d\n"));
  EXPECT_THAT(path("/under/water"), EndsWith("\r\n\r\nblub\n"));
  for (const auto* nothing : {"/under/", "/hello/", "/", "*", "/nowhere", "hello", "http://x"})
    EXPECT_THAT(path(nothing), StartsWith(nothing == std::string("/under/") ? "HTTP/1.1 200" : "HTTP/1.1 404"))
        << nothing;
}

TEST(web_server, says_what_it_refuses_and_why) {
  const web_site site;
  const auto head = [](const std::string& line, const std::string& more = "Host: x\r\n") {
    return line + " HTTP/1.1\r\n" + more + "\r\n";
  };
  const std::pair<std::string, const char*> cases[] = {
      {head("GET /nowhere"), "404 Not Found"},
      {head("POST /hello"), "405 Method Not Allowed"},
      {head("BREW /hello"), "405 Method Not Allowed"},
      {head("GET /%6"), "400 Bad Request"},
      {head("GET /%zz"), "400 Bad Request"},
      {head("GET /hello", ""), "400 Bad Request"},
      {head("GET /hello", "Host: x\r\nHost: y\r\n"), "400 Bad Request"},
      {head("GET /hello", "Host x\r\n"), "400 Bad Request"},
      {head("GET /hello", "Host : x\r\n"), "400 Bad Request"},
      {head("GET /hel lo"), "505 HTTP Version Not Supported"},
      {"GET /hello HTTP/2.0\r\nHost: x\r\n\r\n", "505 HTTP Version Not Supported"},
      {"\xff\xfe\x01 garbage\r\n\r\n", "400 Bad Request"},
      {"\x16\x03\x01\x02 hello of TLS", "400 Bad Request"},
      {"SSH-2.0-OpenSSH_9.2\r\n", "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nContent-Length: -1\r\n"), "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nContent-Length: 1 2\r\n"), "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nContent-Length: 99999999999999999999\r\n"), "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n"), "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n"), "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nTransfer-Encoding: gzip\r\n"), "501 Not Implemented"},
      {head("POST /echo", "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n"), "501 Not Implemented"},
      {head("POST /echo", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "zz\r\n", "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "1;" + std::string(40'000, 'x'),
       "400 Bad Request"},
      {head("POST /echo", "Host: x\r\nContent-Length: 100001\r\n"), "413 Payload Too Large"},
      {head("POST /echo", "Host: x\r\nTransfer-Encoding: chunked\r\n") + "186a1\r\n", "413 Payload Too Large"},
      {head("GET /hello", "Host: x\r\nContent-Length: 65537\r\n"), "413 Payload Too Large"},
      {head("GET /" + std::string(20'000, 'x')), "431 Request Header Fields Too Large"},
      {head("GET /hello", "Host: x\r\nX: " + std::string(20'000, 'x') + "\r\n"), "431 Request Header Fields Too Large"},
      {head("POST /echo", "Host: x\r\nContent-Length: 3\r\nExpect: the-unexpected\r\n"), "417 Expectation Failed"},
      {head("GET /hello", "Host: x\r\nAuthorization: no\r\n"), "401 Unauthorized"},
      {head("GET /forgets"), "500 Internal Server Error"},
      {head("GET /throws"), "500 Internal Server Error"},
  };
  for (const auto& [words, status] : cases) {
    const auto answer = site.ask(words);
    EXPECT_THAT(answer,
                AllOf(StartsWith(std::string("HTTP/1.1 ") + status + "\r\n"), HasSubstr("\r\nX-Site: test\r\n")))
        << words.substr(0, 200);
    EXPECT_THAT(answer.substr(answer.find("\r\n\r\n") + 4), testing::ContainsRegex("[a-z]+.*\n$"))
        << words.substr(0, 200);
  }
  EXPECT_THAT(site.ask(head("PUT /echo")), HasSubstr("\r\nAllow: POST, DELETE\r\n"));
  EXPECT_THAT(site.ask(head("POST /hello")),
              AllOf(HasSubstr("\r\nAllow: GET, HEAD\r\n"), HasSubstr("/hello answers GET, HEAD only.")));
}

TEST(web_server, a_refusal_without_a_body_keeps_the_connection) {
  const web_site site;
  const auto connection = site.connect();
  connection.send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(connection.receive_until("path.\n"), StartsWith("HTTP/1.1 404"));
  connection.send(get_hello);
  EXPECT_THAT(connection.receive_until("hello\n"), StartsWith("HTTP/1.1 200"));
}

TEST(web_server, a_refusal_reaches_a_client_that_sends_its_body_first) {
  const web_site site;
  const auto connection = site.connect();
  connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nAuthorization: no\r\nContent-Length: 20000000\r\n\r\n");
  EXPECT_TRUE(connection.send(std::string(20'000'000, 'x')));
  EXPECT_THAT(connection.receive_all(), AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("Connection: close")));
}

TEST(web_server, a_client_may_ask_whether_its_body_is_wanted) {
  const web_site site;
  const auto connection = site.connect();
  connection.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.send("abc");
  EXPECT_THAT(connection.receive_until("abc"), StartsWith("HTTP/1.1 200"));
  connection.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(connection.receive_all(), StartsWith("HTTP/1.1 404"));
}

TEST(web_server, bodies_of_all_requests_have_a_limit) {
  web_limits limits;
  limits.all_body_bytes = 1000;
  const web_site site(limits);
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ";
  const auto waiting = site.connect();
  waiting.send(head + "900\r\n\r\n" + std::string(800, 'a'));
  EXPECT_THAT(site.ask(head + "1001\r\n\r\n" + std::string(1001, 'b')), StartsWith("HTTP/1.1 503"));
  waiting.send(std::string(100, 'c'));
  EXPECT_THAT(waiting.receive_until("ccc"), StartsWith("HTTP/1.1 200"));
  const auto freed = site.connect();
  freed.send(head + "1000\r\n\r\n" + std::string(1000, 'd'));
  EXPECT_THAT(freed.receive_until(std::string(1000, 'd')), StartsWith("HTTP/1.1 200"));
}

TEST(web_server, addresses_that_cannot_be_bound) {
  const web_site site;
  const auto why = [](tcp_address address) {
    web_options options;
    options.address = std::move(address);
    const auto started = web_server::start(std::move(options));
    EXPECT_EQ(started ? errc{} : started.error().code, errc::io_failed);
    return started ? "" : started.error().message;
  };
  EXPECT_EQ(why(site.server->address()),
            "HTTP: " + to_string(site.server->address()) + " cannot be bound: Address already in use.");
  EXPECT_THAT(why({"203.0.113.1", 0}), HasSubstr("203.0.113.1:0 cannot be bound: Cannot assign requested address"));
  EXPECT_THAT(why({"no-such-host.invalid", 0}), HasSubstr("the host \"no-such-host.invalid\" is not known"));
}

TEST(web_server, listens_at_every_address_of_a_name_and_of_the_machine) {
  for (const auto* host : {"localhost", "*", "0.0.0.0"}) {
    web_options options;
    options.address.host = host;
    options.routes = {{"GET", "/", [](const auto&, const auto& to) { to.answer({.body = "here"}); }}};
    const auto server = *web_server::start(std::move(options));
    EXPECT_EQ(server->address().host, host);
    const auto connection = raw_socket::connect(server->address().port);
    connection.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(connection.receive_all(), EndsWith("here")) << host;
    const auto all = *resolve({"localhost", server->address().port});
    for (const auto& address : all)
      EXPECT_TRUE(host == std::string("0.0.0.0") || find_reachable(address, 5s)) << to_string(address);
  }
}

TEST(web_server, listens_on_ipv6) {
  if (!test::has_ipv6())
    GTEST_SKIP() << "this machine has no IPv6";
  web_options options;
  options.address.host = "::1";
  options.routes = {{"GET", "/", [](const auto&, const auto& to) { to.answer({.body = "here"}); }}};
  const auto server = web_server::start(std::move(options));
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_EQ((*server)->address().host, "::1");
  EXPECT_EQ(find_reachable({"::1", (*server)->address().port}, 5s), (*server)->address());
  EXPECT_FALSE(find_reachable({"127.0.0.1", (*server)->address().port}, 5s));
}

} // namespace
} // namespace avp
