// One text as a route of the web server.
#include "runtime/telemetry/metrics_server.hpp"

#include <utility>

namespace avp {

namespace {

constexpr auto text_type = "text/plain; version=0.0.4; charset=utf-8";

// Few: each takes a file descriptor of the run's.
constexpr std::size_t connections = 64;

} // namespace

metrics_server::metrics_server(const tcp_address& address, std::function<std::string()> text) {
  web_options options;
  options.address = address;
  options.limits.connections = connections;
  options.routes = {
      {.method = "GET",
       .path = "/metrics",
       .handle = [text = std::move(text)](
                     const auto&, const auto& responder) { responder.answer({.body = text(), .type = text_type}); },
       .may_block = true}};
  auto started = web_server::start(std::move(options));
  if (!started)
    throw listen_error("cannot serve metrics at " + to_string(address) +
                       ": the port is taken or the address is not one of this machine; name another one with --metrics "
                       "(" +
                       started.error().message + ")");
  server_ = std::move(*started);
}

std::string metrics_server::url() const { return "http://" + to_string(server_->address()) + "/metrics"; }

} // namespace avp
