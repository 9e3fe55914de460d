// The web server and clients that are slow, many, or gone.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/transport/web/web_site.hpp"

namespace avp {
namespace {

using namespace std::chrono_literals;
using test::event;
using test::raw_socket;
using test::web_site;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"; }

web_limits few_connections(std::size_t most) {
  web_limits limits;
  limits.connections = most;
  return limits;
}

/// The most of `wanted` that this process may open beside what it has; both ends of a connection are here.
std::size_t connections_possible(std::size_t wanted) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(wanted, (files.rlim_cur - 200) / 2);
}

std::size_t threads() {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(web_clients, a_thousand_stalled_connections_silence_nobody) {
  const auto many = connections_possible(1000);
  const web_site site(few_connections(64));
  std::vector<raw_socket> stalled;
  for (std::size_t i = 0; i < many; ++i) {
    stalled.push_back(site.connect());
    stalled.back().send(i % 3 == 0 ? "" : i % 3 == 1 ? "GET /hel" : "POST /echo HTTP/1.1\r\nHost: x\r\nX: y");
  }
  EXPECT_THAT(site.ask(get("/hello")), EndsWith("hello\n"));
  EXPECT_THAT(site.ask(get("/hello")), EndsWith("hello\n"));
}

TEST(web_clients, a_thousand_idle_streams_take_little_memory_and_no_threads) {
  const auto many = connections_possible(1000);
  web_site site(few_connections(many + 1));
  std::vector<raw_socket> clients;
  std::vector<web_responder> streams;
  clients.reserve(many);
  streams.reserve(many);
  const auto threads_before = threads();
  const auto before = resident_bytes();
  for (std::size_t i = 0; i < many; ++i) {
    clients.push_back(site.connect());
    clients.back().send(get("/stream"));
    streams.push_back(site.kept());
  }
  const auto each = (resident_bytes() - before) / many;
  RecordProperty("streams", static_cast<int>(many));
  RecordProperty("bytes_each", static_cast<int>(each));
  EXPECT_EQ(threads(), threads_before);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(each, 16U * 1024);
#endif
  EXPECT_THAT(site.ask(get("/hello")), EndsWith("hello\n"));
  for (std::size_t i = 0; i < many; ++i) {
    EXPECT_EQ(streams[i].write("data: " + std::to_string(i) + "\n\n"), stream_state::open);
    streams[i].end();
  }
  for (std::size_t i = 0; i < many; ++i)
    EXPECT_THAT(clients[i].receive_until("\r\n0\r\n\r\n"), HasSubstr("data: " + std::to_string(i) + "\n\n"));
}

TEST(web_clients, the_connection_that_is_idle_longest_makes_room) {
  web_site site(few_connections(3));
  const auto busy = site.connect();
  busy.send(get("/stream"));
  const auto stream = site.kept();
  const auto oldest = site.connect();
  oldest.send("GET /hel");
  const auto older = site.connect();
  older.send(get("/hello"));
  EXPECT_THAT(older.receive_until("hello\n"), EndsWith("hello\n"));
  EXPECT_THAT(site.ask(get("/hello")), EndsWith("hello\n"));
  EXPECT_EQ(oldest.receive(), "");
  older.send(get("/hello"));
  EXPECT_THAT(older.receive_until("hello\n"), EndsWith("hello\n"));
  EXPECT_EQ(stream.write("data: still here\n\n"), stream_state::open);
}

TEST(web_clients, one_too_many_is_told_so) {
  web_site site(few_connections(2));
  const auto first = site.connect();
  const auto second = site.connect();
  for (const auto* one : {&first, &second})
    one->send(get("/later"));
  const auto to_first = site.kept();
  const auto to_second = site.kept();
  EXPECT_THAT(site.ask(get("/hello")),
              AllOf(StartsWith("HTTP/1.1 503 Service Unavailable\r\n"), HasSubstr("\r\nRetry-After: 1\r\n"),
                    HasSubstr("\r\nConnection: close\r\n"),
                    EndsWith("All connections of this server are in use; try again later.\n")));
  to_first.answer({.body = "one\n"});
  EXPECT_THAT(first.receive_until("one\n"), EndsWith("one\n"));
  EXPECT_THAT(site.ask(get("/hello")), EndsWith("hello\n"));
}

TEST(web_clients, whoever_sends_too_slowly_is_sent_away) {
  web_limits limits;
  limits.head_time = 100ms;
  limits.idle_time = 100ms;
  limits.transfer_time = 100ms;
  const web_site site(limits);
  const auto silent = site.connect();
  EXPECT_EQ(silent.receive_all(), "");
  const auto head = site.connect();
  std::atomic<bool> over{false};
  std::thread dripping([&] {
    head.send("GET /hello HTTP/1.1\r\n");
    while (!over && head.send("X: y\r\n"))
      std::this_thread::sleep_for(5ms);
  });
  EXPECT_THAT(head.receive_all(),
              AllOf(StartsWith("HTTP/1.1 408 Request Timeout\r\n"), HasSubstr("The head of the request did not come")));
  over = true;
  dripping.join();
  const auto idle = site.connect();
  idle.send(get("/hello"));
  EXPECT_THAT(idle.receive_all(), EndsWith("hello\n"));
  const auto body = site.connect();
  body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_THAT(body.receive_all(), AllOf(StartsWith("HTTP/1.1 408"), HasSubstr("The body of the request did not come")));
}

TEST(web_clients, a_body_that_comes_too_slowly_is_sent_away_though_it_never_stops) {
  web_limits limits;
  limits.transfer_time = 200ms;
  const web_site site(limits);
  const auto body = site.connect();
  std::atomic<bool> over{false};
  std::thread dripping([&] {
    body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    while (!over && body.send("x"))
      std::this_thread::sleep_for(5ms);
  });
  EXPECT_THAT(body.receive_all(), StartsWith("HTTP/1.1 408"));
  over = true;
  dripping.join();
}

TEST(web_clients, a_handler_hears_that_its_client_is_gone) {
  web_site site;
  for (const auto* path : {"/later", "/stream"})
    for (const bool reset : {false, true}) {
      event gone;
      auto client = site.connect();
      client.send(get(path));
      const auto to = site.kept();
      to.on_close([&] { gone.happen(); });
      if (reset)
        client.reset();
      else
        client = raw_socket(-1);
      EXPECT_EQ(gone.wait(), 1) << path << reset;
      EXPECT_EQ(to.write("x"), stream_state::gone);
      to.answer({.body = "too late"});
      event at_once;
      to.on_close([&] { at_once.happen(); });
      EXPECT_EQ(at_once.wait(), 1);
    }
}

TEST(web_clients, a_client_that_only_stopped_sending_gets_its_answer) {
  web_site site;
  event gone;
  const auto later = site.connect();
  later.send(get("/later"));
  const auto to_later = site.kept();
  to_later.on_close([&] { gone.happen(); });
  const auto streaming = site.connect();
  streaming.send(get("/stream"));
  const auto to_stream = site.kept();
  to_stream.on_close([&] { gone.happen(); });
  later.finish_sending();
  streaming.finish_sending();
  // Both are asked whether they still listen.
  EXPECT_THAT(later.receive(), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(streaming.receive_until(":\n\n"), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\n3\r\n:\n\n\r\n")));
  to_later.answer({.body = "now\n"});
  EXPECT_THAT(later.receive_all(), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\nnow\n")));
  EXPECT_EQ(to_stream.write("data: x\n\n"), stream_state::open);
  to_stream.end();
  EXPECT_EQ(streaming.receive_all(), "9\r\ndata: x\n\n\r\n0\r\n\r\n");
  web_site another;
  EXPECT_THAT(another.ask(get("/hello") + get("/hello")), EndsWith("\r\n\r\nhello\n"));
}

TEST(web_clients, streams_are_framed_for_each_version) {
  web_site site;
  const auto modern = site.connect();
  const auto old = site.connect();
  modern.send(get("/stream"));
  const auto to_modern = site.kept();
  old.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto to_old = site.kept();
  for (const auto* to : {&to_modern, &to_old}) {
    to->start({.status = 500}); // it has begun
    to->answer({.status = 500});
    EXPECT_EQ(to->write(""), stream_state::open);
    EXPECT_EQ(to->write("a sixteen byte-r"), stream_state::open);
    to->end();
    EXPECT_EQ(to->write("late"), stream_state::gone);
  }
  modern.send(get("/hello"));
  EXPECT_THAT(modern.receive_until("hello\n"),
              AllOf(HasSubstr("\r\nTransfer-Encoding: chunked\r\n"),
                    HasSubstr("\r\nContent-Type: text/event-stream\r\n"),
                    HasSubstr("\r\n\r\n10\r\na sixteen byte-r\r\n0\r\n\r\nHTTP/1.1 200 OK")));
  EXPECT_THAT(old.receive_all(), AllOf(Not(HasSubstr("chunked")), HasSubstr("\r\nConnection: close\r\n"),
                                       EndsWith("\r\n\r\na sixteen byte-r")));
}

TEST(web_clients, a_stream_without_an_end_breaks_off) {
  web_site site;
  const auto client = site.connect();
  client.send(get("/stream"));
  EXPECT_EQ(site.kept().write("half"), stream_state::open);
  EXPECT_THAT(client.receive_all(), EndsWith("4\r\nhalf\r\n"));
}

TEST(web_clients, a_slow_reader_slows_its_writer_down) {
  web_limits limits;
  limits.unsent_bytes = 100'000;
  web_site site(limits);
  const auto client = site.connect();
  client.send(get("/stream"));
  const auto to = site.kept();
  constexpr int pieces = 3000; // of 10 kB
  std::atomic<int> written{0};
  std::atomic<int> stops{0};
  event first_stop;
  const std::function<void()> go_on = [&] {
    while (written < pieces) {
      ++written;
      if (to.write(std::string(9'999, 'x') + '\n') == stream_state::full) {
        ++stops;
        first_stop.happen();
        return;
      }
    }
    to.end();
  };
  to.on_drain(go_on);
  go_on();
  EXPECT_GE(first_stop.wait(), 1);
  EXPECT_LT(written, pieces);
  std::size_t received = 0;
  for (std::string tail; !tail.ends_with("\r\n0\r\n\r\n");) {
    tail = (tail + client.receive());
    received += tail.size();
    tail = tail.substr(tail.size() - std::min<std::size_t>(tail.size(), 7));
    received -= tail.size();
  }
  EXPECT_EQ(written, pieces);
  EXPECT_GT(received, std::size_t{pieces} * 10'000);
  EXPECT_GT(stops, 10);
}

TEST(web_clients, a_reader_that_stalls_is_given_up) {
  web_limits limits;
  limits.transfer_time = 200ms;
  web_site site(limits);
  event gone;
  const auto client = site.connect();
  client.send(get("/stream"));
  const auto to = site.kept();
  to.on_close([&] { gone.happen(); });
  EXPECT_EQ(to.write(std::string(50'000'000, 'x')), stream_state::full);
  EXPECT_EQ(gone.wait(), 1);
  EXPECT_EQ(to.write("x"), stream_state::gone);
}

TEST(web_clients, who_sends_on_while_it_waits_is_not_read_without_end) {
  web_site site;
  const auto client = site.connect();
  client.send(get("/later"));
  const auto to = site.kept();
  const timeval patience{1, 0};
  setsockopt(client.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  EXPECT_FALSE(client.send(std::string(40'000'000, 'x'))); // more than the buffers of both sides
  to.answer({.body = "now\n"});
  const std::string answers = client.receive_until("now\n"); // the refusal of the x may come in the same read
  EXPECT_THAT(answers, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answers.substr(0, answers.find("HTTP/1.1 431")), EndsWith("\r\n\r\nnow\n"));
}

TEST(web_clients, many_requests_ahead_are_all_answered) {
  web_site site;
  const auto client = site.connect();
  client.send(get("/later"));
  const auto to = site.kept();
  std::thread sending([&] {
    for (int i = 0; i < 300; ++i)
      client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x'));
    client.send("GET /hello HTTP/1.0\r\n\r\n");
  });
  to.answer({.body = "now\n"});
  const auto all = client.receive_all();
  sending.join();
  EXPECT_GT(all.size(), 1'500'000U);
  EXPECT_THAT(all.substr(all.size() - 6), "hello\n");
}

TEST(web_clients, connections_come_and_go_in_every_state) {
  web_site site;
  for (int i = 0; i < 300; ++i) {
    auto client = site.connect();
    const char* words[] = {"",
                           "GET",
                           "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n",
                           "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab",
                           "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n",
                           "GET /later HTTP/1.1\r\nHost: x\r\n\r\nGET /later"};
    client.send(words[i % 6]);
    if (i % 12 < 6)
      client.reset();
  }
  EXPECT_THAT(site.ask(get("/hello")), EndsWith("hello\n"));
}

TEST(web_clients, the_end_closes_streams_and_tells_their_writers) {
  web_site site;
  event gone;
  const auto client = site.connect();
  client.send(get("/stream"));
  const auto to = site.kept();
  to.on_close([&] { gone.happen(); });
  site.server.reset();
  EXPECT_EQ(gone.wait(), 1);
  EXPECT_EQ(to.write("x"), stream_state::gone);
  to.end();
  EXPECT_THAT(client.receive_all(), Not(HasSubstr("0\r\n\r\n")));
}

TEST(web_clients, the_end_waits_for_what_runs_and_refuses_what_is_new) {
  web_site site({}, 2);
  const auto idle = site.connect();
  idle.send(get("/hello"));
  EXPECT_THAT(idle.receive_until("hello\n"), EndsWith("hello\n"));
  const auto blocking = site.connect();
  blocking.send(get("/blocks"));
  const auto streaming = site.connect();
  streaming.send(get("/stream"));
  const auto first = site.kept();
  const auto second = site.kept();
  std::thread ending([&] { site.server->stop(60s); });
  EXPECT_EQ(idle.receive_all(), ""); // it is closed when the end begins
  EXPECT_THAT(site.ask(get("/hello")), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("about to end")));
  site.release();
  EXPECT_THAT(blocking.receive_all(), EndsWith("at last\n"));
  for (const auto& to : {first, second})
    (void)to.write("data: last\n\n");
  first.end();
  second.end();
  EXPECT_THAT(streaming.receive_all(), EndsWith("data: last\n\n\r\n0\r\n\r\n"));
  ending.join();
  EXPECT_THROW((void)site.connect(), std::runtime_error);
}

TEST(web_clients, blocking_handlers_silence_no_others) {
  web_site site({}, 2);
  std::vector<raw_socket> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(site.connect());
    waiting.back().send(get("/blocks"));
  }
  (void)site.kept();
  (void)site.kept();
  EXPECT_THAT(site.ask(get("/hello")), EndsWith("hello\n"));
  site.release();
  for (const auto& one : waiting)
    EXPECT_THAT(one.receive_until("at last\n"), EndsWith("at last\n"));
}

} // namespace
} // namespace avp
