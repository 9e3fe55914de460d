// The protocol's endpoints as routes of the web server.
#include "transport/http/http_server.hpp"

#include <utility>

#include <openssl/crypto.h>

#include "transport/http/http_answer.hpp"
#include "transport/http/http_names.hpp"
#include "transport/web/web_server.hpp"

namespace avp {

namespace {

web_answer answer_of(http::answer what) {
  return {.status = what.status, .body = std::move(what.body), .type = http::json_type};
}

} // namespace

class http_server::implementation {
public:
  implementation(http_server_options options, http_handlers handlers)
      : options_(std::move(options)),
        handlers_(std::move(handlers)) {}

  ~implementation() {
    if (server_)
      server_->stop(options_.timeout);
  }

  expected<void> start() {
    auto started = web_server::start(web_options_of());
    if (!started)
      return tl::unexpected(std::move(started.error()));
    server_ = std::move(*started);
    return {};
  }

  [[nodiscard]] int port() const { return server_->address().port; }

private:
  using answerer = std::function<http::answer(web_request)>;

  web_options web_options_of() {
    web_options web;
    web.address = {options_.host, static_cast<std::uint16_t>(options_.port)};
    web.handler_threads = static_cast<unsigned>(options_.threads);
    web.limits.head_time = web.limits.transfer_time = options_.timeout;
    web.check = [this](const web_request& request) { return check(request); };
    web.refusal = [](int status, const std::string& message) { return answer_of(http::refusal(status, message)); };
    web.headers = {{http::version_header, http::version}};
    web.routes = {{"GET", http::health_path,
                   [](const auto&, const auto& responder) {
                     responder.answer(answer_of({200, R"({"status": "ok"})"}));
                   }},
                  post(http::handshake_path, options_.max_text_bytes,
                       [this](const web_request& request) { return http::answer_hello(request.text(), handlers_); }),
                  post(http::text_path, options_.max_text_bytes,
                       [this](const web_request& request) { return http::answer_text(request.text(), handlers_); }),
                  post(http::transmit_path, options_.max_body_bytes, [this](web_request request) {
                    const auto owner = std::make_shared<byte_buffer>(std::move(request.body));
                    return http::answer_message(owner->bytes(), owner, std::string(request.header(http::agent_header)),
                                                handlers_, options_.decode);
                  })};
    return web;
  }

  static web_route post(const char* path, std::uint64_t limit, answerer answer) {
    const auto handle = [answer = std::move(answer)](web_request request, const web_responder& responder) {
      responder.answer(answer_of(answer(std::move(request))));
    };
    return {.method = "POST", .path = path, .handle = handle, .max_body_bytes = limit, .may_block = true};
  }

  [[nodiscard]] std::optional<web_answer> check(const web_request& request) const {
    if (options_.token.empty() || request.path == http::health_path)
      return std::nullopt;
    const auto given = request.header("Authorization");
    const auto wanted = "Bearer " + options_.token;
    if (given.size() == wanted.size() && CRYPTO_memcmp(given.data(), wanted.data(), wanted.size()) == 0)
      return std::nullopt;
    auto refused = answer_of(http::refusal(401, "A valid bearer token is required."));
    refused.headers.push_back({"WWW-Authenticate", "Bearer"});
    return refused;
  }

  http_server_options options_;
  http_handlers handlers_;
  std::unique_ptr<web_server> server_;
};

expected<std::unique_ptr<http_server>> http_server::start(http_server_options options, http_handlers handlers) {
  if (!handlers.on_payload)
    return fail(errc::invalid_argument, "HTTP: a server needs somebody who takes the payloads.");
  if (options.port < 0 || options.port > 65535 || options.threads < 1)
    return fail(errc::invalid_argument, "HTTP: a port is a number from 0 to 65535, and at least one thread is needed.");
  auto running = std::make_unique<implementation>(std::move(options), std::move(handlers));
  if (auto started = running->start(); !started)
    return tl::unexpected(std::move(started.error()));
  return std::unique_ptr<http_server>(new http_server(std::move(running)));
}

http_server::http_server(std::unique_ptr<implementation> running) : implementation_(std::move(running)) {}

http_server::~http_server() = default;

int http_server::port() const { return implementation_->port(); }

} // namespace avp
