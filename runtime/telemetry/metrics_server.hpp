// The metrics endpoint of a run.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "gpu/user_error.hpp"
#include "transport/tcp_address.hpp"
#include "transport/web/web_server.hpp"

namespace avp {

/// An address that can't be listened on; the text says which.
class listen_error : public user_error {
public:
  using user_error::user_error;
};

/// Answers GET /metrics over HTTP, on threads of its own, for as long as it lives. Connections of clients that say
/// nothing make room for others.
class metrics_server {
public:
  /// `text` makes the answer; it is called on a thread of the server. Throws listen_error.
  metrics_server(const tcp_address& address, std::function<std::string()> text);

  /// Where it listens, with the port that it really got: "http://127.0.0.1:9090/metrics".
  [[nodiscard]] std::string url() const;

private:
  std::unique_ptr<web_server> server_;
};

} // namespace avp
