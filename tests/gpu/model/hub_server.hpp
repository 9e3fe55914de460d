// A hub for tests.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <httplib.h>

namespace avp::test {

/// A hub on a free port of this machine.
class hub_server {
public:
  hub_server() : port_(server_.bind_to_any_port("127.0.0.1")), thread_([this] { server_.listen_after_bind(); }) {
    while (!server_.is_running())
      std::this_thread::yield();
  }
  ~hub_server() {
    server_.stop();
    thread_.join();
  }
  hub_server(const hub_server&) = delete;
  hub_server& operator=(const hub_server&) = delete;

  /// Answers for `path` (a regular expression); remembers of every request its target and two headers.
  void answer(const std::string& path, const httplib::Server::Handler& handler) {
    server_.Get(path, [this, handler](const httplib::Request& request, httplib::Response& response) {
      {
        const std::lock_guard lock(mutex_);
        ranges_.push_back(request.get_header_value("Range"));
        targets_.push_back(request.target);
        authorizations_.push_back(request.get_header_value("Authorization"));
      }
      handler(request, response);
    });
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  [[nodiscard]] std::vector<std::string> ranges() { return copy_of(ranges_); }
  [[nodiscard]] std::vector<std::string> targets() { return copy_of(targets_); }
  [[nodiscard]] std::vector<std::string> authorizations() { return copy_of(authorizations_); }

private:
  std::vector<std::string> copy_of(const std::vector<std::string>& of) {
    const std::lock_guard lock(mutex_);
    return of;
  }

  httplib::Server server_;
  int port_;
  std::mutex mutex_;
  std::vector<std::string> ranges_, targets_, authorizations_;
  std::thread thread_;
};

} // namespace avp::test
