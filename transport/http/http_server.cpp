// The server: cpp-httplib around the answers.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <openssl/crypto.h>

#include <avp/transport/byte_buffer.hpp>
#include <avp/transport/http/http_answer.hpp>
#include <avp/transport/http/http_names.hpp>
#include <avp/transport/http/http_server.hpp>

namespace avp {

namespace {

/// Bytes that are made room for before a body without Content-Length has begun.
constexpr std::uint64_t first_room = 64 * 1024;

/// The announced length of a body, or a small number when none is announced. Never believed beyond `limit`.
std::uint64_t announced(const httplib::Request& request, std::uint64_t limit) {
  const auto text = request.get_header_value("Content-Length");
  std::uint64_t length = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool known = failed == std::errc{} && end == text.data() + text.size() && !text.empty();
  return std::min(known ? length : first_room, limit);
}

/// Reads a body of at most `limit` bytes into memory that is only touched as far as bytes come. Nothing when it is
/// longer or breaks off.
std::optional<byte_buffer> read_body(const httplib::Request& request, const httplib::ContentReader& read,
                                     std::uint64_t limit) {
  byte_buffer body(announced(request, limit));
  std::uint64_t used = 0;
  const auto take = [&](const char* data, std::size_t length) {
    if (length > limit - used)
      return false;
    if (used + length > body.size()) {
      byte_buffer larger(std::min(limit, std::max<std::uint64_t>(2 * body.size(), used + length)));
      std::memcpy(larger.data(), body.data(), used);
      body = std::move(larger);
    }
    std::memcpy(body.data() + used, data, length);
    used += length;
    return true;
  };
  if (!read(take))
    return std::nullopt;
  body.shrink(used);
  return body;
}

std::string_view text_of(const byte_buffer& body) { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

void send(const http::answer& what, httplib::Response& response) {
  response.status = what.status;
  response.set_header(http::version_header, http::version);
  response.set_content(what.body, http::json_type);
}

} // namespace

class http_server::implementation {
public:
  implementation(http_server_options options, http_handlers handlers)
      : options_(std::move(options)),
        handlers_(std::move(handlers)) {
    server_.set_payload_max_length(options_.max_body_bytes);
    server_.set_read_timeout(options_.timeout);
    server_.set_write_timeout(options_.timeout);
    server_.set_tcp_nodelay(true);
    server_.new_task_queue = [threads = options_.threads] { return new httplib::ThreadPool(threads); };
    server_.set_exception_handler([](const auto&, auto& response, const std::exception_ptr&) {
      send(http::refusal(500, "The node failed to handle the request."), response);
    });
    route();
  }

  ~implementation() {
    server_.stop();
    if (thread_.joinable())
      thread_.join();
  }

  bool start() {
    port_ = options_.port == 0 ? server_.bind_to_any_port(options_.host.c_str())
            : server_.bind_to_port(options_.host.c_str(), options_.port) ? options_.port
                                                                         : -1;
    if (port_ <= 0)
      return false;
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // Before it listens, the library ignores stop().
    while (!server_.is_running())
      std::this_thread::yield();
    return true;
  }

  [[nodiscard]] int port() const { return port_; }

private:
  using answerer = std::function<http::answer(byte_buffer, const httplib::Request&)>;

  void route() {
    server_.Get(http::health_path, [](const auto&, auto& response) { send({200, R"({"status": "ok"})"}, response); });
    post(http::handshake_path, options_.max_text_bytes, [this](const byte_buffer& body, const httplib::Request&) {
      return http::answer_hello(text_of(body), handlers_);
    });
    post(http::text_path, options_.max_text_bytes, [this](const byte_buffer& body, const httplib::Request&) {
      return http::answer_text(text_of(body), handlers_);
    });
    post(http::transmit_path, options_.max_body_bytes, [this](byte_buffer body, const httplib::Request& request) {
      const auto owner = std::make_shared<byte_buffer>(std::move(body));
      return http::answer_message(owner->bytes(), owner, request.get_header_value(http::agent_header), handlers_,
                                  options_.decode);
    });
  }

  void post(const char* path, std::uint64_t limit, answerer answer) {
    server_.Post(path, [this, limit, answer = std::move(answer)](const httplib::Request& request,
                                                                 httplib::Response& response,
                                                                 const httplib::ContentReader& read) {
      if (!authorized(request)) {
        // The body is read and dropped: an answer that overtakes it would be lost with the connection.
        read([left = limit](const char*, std::size_t length) mutable {
          left -= std::min<std::uint64_t>(left, length);
          return left > 0;
        });
        response.set_header("WWW-Authenticate", "Bearer");
        send(http::refusal(401, "A valid bearer token is required."), response);
        return;
      }
      auto body = read_body(request, read, limit);
      if (!body)
        send(http::refusal(413, fmt::format("The body broke off or has more than {} bytes.", limit)), response);
      else
        send(answer(std::move(*body), request), response);
    });
  }

  [[nodiscard]] bool authorized(const httplib::Request& request) const {
    if (options_.token.empty())
      return true;
    const auto given = request.get_header_value("Authorization");
    const auto wanted = "Bearer " + options_.token;
    return given.size() == wanted.size() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0;
  }

  http_server_options options_;
  http_handlers handlers_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

expected<std::unique_ptr<http_server>> http_server::start(http_server_options options, http_handlers handlers) {
  if (!handlers.on_payload)
    return fail(errc::invalid_argument, "HTTP: a server needs somebody who takes the payloads.");
  const auto where = fmt::format("{}:{}", options.host, options.port);
  auto running = std::make_unique<implementation>(std::move(options), std::move(handlers));
  if (!running->start())
    return fail(errc::io_failed, fmt::format("HTTP: {} cannot be bound.", where));
  return std::unique_ptr<http_server>(new http_server(std::move(running)));
}

http_server::http_server(std::unique_ptr<implementation> running) : implementation_(std::move(running)) {}

http_server::~http_server() = default;

int http_server::port() const { return implementation_->port(); }

} // namespace avp
