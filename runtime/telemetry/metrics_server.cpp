// cpp-httplib around one text.
#include <algorithm>
#include <thread>

#include <httplib.h>

#include <avp/runtime/telemetry/metrics_server.hpp>

namespace avp {

namespace {

constexpr std::size_t threads = 2;
constexpr auto text_type = "text/plain; version=0.0.4; charset=utf-8";

// The library's default would let two processes share a port, each of which gets half of the requests.
void take_port_alone(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

} // namespace

class metrics_server::implementation {
public:
  implementation(listen_address address, std::function<std::string()> text) : address_(std::move(address)) {
    server_.set_socket_options(take_port_alone);
    server_.set_keep_alive_max_count(1); // a connection that idles would hold a thread
    server_.set_read_timeout(std::chrono::seconds(5));
    server_.new_task_queue = [] { return new httplib::ThreadPool(threads); };
    server_.Get("/metrics",
                [text = std::move(text)](const auto&, auto& response) { response.set_content(text(), text_type); });
    if (address_.port == 0)
      address_.port = static_cast<std::uint16_t>(std::max(server_.bind_to_any_port(address_.host), 0));
    else if (!server_.bind_to_port(address_.host, address_.port))
      address_.port = 0;
  }

  ~implementation() {
    server_.stop();
    if (thread_.joinable())
      thread_.join();
  }

  void start() {
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) // before it listens, the library ignores stop()
      std::this_thread::yield();
  }

  [[nodiscard]] const listen_address& address() const { return address_; }

private:
  listen_address address_;
  httplib::Server server_;
  std::thread thread_;
};

metrics_server::metrics_server(const listen_address& address, std::function<std::string()> text)
    : implementation_(std::make_unique<implementation>(address, std::move(text))) {
  if (implementation_->address().port == 0)
    throw listen_error(
        "cannot serve metrics at " + to_string(address) +
        ": the port is taken or the address is not one of this machine; name another one with --metrics");
  implementation_->start();
}

metrics_server::~metrics_server() = default;

std::string metrics_server::url() const { return "http://" + to_string(implementation_->address()) + "/metrics"; }

} // namespace avp
