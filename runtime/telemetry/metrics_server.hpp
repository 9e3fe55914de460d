// The metrics endpoint of a run.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <avp/runtime/text/listen_address.hpp>

namespace avp {

/// An address that can't be listened on; the text says which.
class listen_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Answers GET /metrics over HTTP, on threads of its own, for as long as it lives.
class metrics_server {
public:
  /// `text` makes the answer; it is called on the server's threads. Throws listen_error.
  metrics_server(const listen_address& address, std::function<std::string()> text);
  metrics_server(const metrics_server&) = delete;
  metrics_server& operator=(const metrics_server&) = delete;
  ~metrics_server();

  /// Where it listens, with the port that it really got: "http://127.0.0.1:9090/metrics".
  [[nodiscard]] std::string url() const;

private:
  class implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace avp
