// A web server for tests, with something of everything.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "tests/transport/web/raw_socket.hpp"
#include "transport/web/web_server.hpp"

namespace avp::test {

/// Serves, and keeps what it is asked to answer later.
class web_site {
public:
  explicit web_site(const web_limits& limits = {}, unsigned threads = 1) {
    web_options options;
    options.limits = limits;
    options.handler_threads = threads;
    options.headers = {{"X-Site", "test"}};
    options.check = [](const web_request& request) -> std::optional<web_answer> {
      if (request.header("authorization") != "no")
        return std::nullopt;
      return web_answer{.status = 401, .body = "go away\n"};
    };
    options.routes = {
        {"GET", "/hello", [](const auto&, const auto& to) { to.answer({.body = "hello\n"}); }},
        {.method = "POST",
         .path = "/echo",
         .handle = [](const web_request& request, const auto& to) { to.answer({.body = std::string(request.text())}); },
         .max_body_bytes = 100'000},
        {"DELETE", "/echo", [](const auto&, const auto& to) { to.answer({.status = 204}); }},
        {"GET", "/under/",
         [](const web_request& request, const auto& to) { to.answer({.body = request.path + "\n"}); }},
        {"GET", "/under/water", [](const auto&, const auto& to) { to.answer({.body = "blub\n"}); }},
        {"GET", "/forgets", [](const auto&, const auto&) {}},
        {"GET", "/throws", [](const auto&, const auto&) { throw std::runtime_error("handler"); }},
        {"GET", "/later", [this](const auto&, const web_responder& to) { keep(to); }},
        {"GET", "/stream",
         [this](const auto&, const web_responder& to) {
           to.start({.type = "text/event-stream", .probe = ":\n\n"});
           keep(to);
         }},
        {.method = "GET",
         .path = "/blocks",
         .handle =
             [this](const auto&, const web_responder& to) {
               keep(to);
               std::unique_lock lock(mutex_);
               changed_.wait(lock, [this] { return released_; });
               to.answer({.body = "at last\n"});
             },
         .max_body_bytes = 0,
         .may_block = true},
    };
    server = *web_server::start(std::move(options));
  }

  ~web_site() { release(); }

  [[nodiscard]] raw_socket connect() const { return raw_socket::connect(server->address().port); }

  /// What comes back for some bytes until the connection ends.
  [[nodiscard]] std::string ask(const std::string& bytes) const {
    const auto connection = connect();
    connection.send(bytes);
    connection.finish_sending();
    return connection.receive_all();
  }

  /// The next responder that was kept.
  [[nodiscard]] web_responder kept() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !kept_.empty(); });
    auto first = std::move(kept_.front());
    kept_.pop_front();
    return first;
  }

  /// Lets /blocks go on.
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  std::unique_ptr<web_server> server;

private:
  void keep(const web_responder& to) {
    const std::lock_guard lock(mutex_);
    kept_.push_back(to);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<web_responder> kept_;
  bool released_ = false;
};

/// Something that happens once, and can be waited for.
class event {
public:
  void happen() {
    const std::lock_guard lock(mutex_);
    ++times_;
    changed_.notify_all();
  }

  /// Waits, and says how often it has happened; 0 after ten seconds.
  [[nodiscard]] int wait() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [this] { return times_ > 0; });
    return times_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int times_ = 0;
};

} // namespace avp::test
