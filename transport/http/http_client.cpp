// The client: cpp-httplib with bounded answers.
#include "transport/http/http_client.hpp"

#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <strings.h>

#include "transport/handshake/json_text.hpp"
#include "transport/http/http_names.hpp"
#include "transport/tcp_address.hpp"

namespace avp {

namespace {

constexpr std::size_t longest_answer = 1 << 20;

/// Host and port of a URL.
expected<tcp_address> server_of(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  constexpr auto standard_port = ":80";
  if (url.size() < scheme.size() || strncasecmp(url.data(), scheme.data(), scheme.size()) != 0)
    return fail(errc::invalid_argument, "it does not begin with http://");
  std::string authority(url.substr(scheme.size()));
  if (authority.ends_with('/'))
    authority.pop_back();
  if (authority.find_first_of("/?#") != std::string::npos)
    return fail(errc::invalid_argument, "a peer has no path");
  if (const auto scope = authority.find("%25"); scope != std::string::npos) // how a URL writes % (RFC 6874)
    authority.erase(scope + 1, 2);
  const bool has_port = authority.find(':', authority.find(']') + 1) != std::string::npos;
  return parse_tcp_address(has_port || authority.empty() ? authority : authority + standard_port, address_use::connect);
}

errc code_of(httplib::Error what) {
  switch (what) {
  case httplib::Error::Read:
  case httplib::Error::ConnectionTimeout:
    return errc::timed_out;
  case httplib::Error::Canceled:
    return errc::too_large;
  default:
    return errc::io_failed;
  }
}

} // namespace

class http_client::implementation {
public:
  implementation(http_client_options options, const tcp_address& server)
      : options_(std::move(options)),
        client_(server.host, server.port) {
    client_.set_connection_timeout(options_.timeout);
    client_.set_read_timeout(options_.timeout);
    client_.set_write_timeout(options_.timeout);
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
  }

  /// Sends a request whose body is read from `body` as it goes out.
  expected<std::string> request(const char* method, const char* path, const char* type,
                                std::span<const std::byte> body) {
    std::string answer;
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.headers = {{http::version_header, http::version}, {http::agent_header, options_.agent_id}};
    if (!options_.token.empty())
      request.headers.emplace("Authorization", "Bearer " + options_.token);
    if (std::string_view(method) == "POST") {
      request.headers.emplace("Content-Type", type);
      request.content_length_ = body.size();
      request.content_provider_ = [body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        return sink.write(reinterpret_cast<const char*>(body.data()) + offset, length);
      };
    }
    request.content_receiver = [&answer](const char* data, std::size_t length, std::uint64_t, std::uint64_t) {
      if (length > longest_answer - answer.size())
        return false;
      answer.append(data, length);
      return true;
    };
    const auto result = client_.send(request);
    if (!result)
      return fail(code_of(result.error()),
                  fmt::format("HTTP: {} {}{}: {}.", method, options_.url, path, httplib::to_string(result.error())));
    return checked(result->status, path, std::move(answer));
  }

  [[nodiscard]] const http_client_options& options() const { return options_; }

private:
  [[nodiscard]] expected<std::string> checked(int status, const char* path, std::string answer) const {
    const auto object = parse_json(answer, fmt::format("HTTP: answer of {}{}", options_.url, path));
    if (status < 200 || status >= 300) {
      const bool says_why =
          object && object->is_object() && object->contains("message") && object->at("message").is_string();
      return fail(status == 401 ? errc::unauthorized : errc::rejected,
                  fmt::format("HTTP: {}{} answers {}: {}", options_.url, path, status,
                              says_why ? object->at("message").get<std::string>() : std::string("no reason given")));
    }
    if (!object)
      return tl::unexpected(object.error());
    if (!object->is_object())
      return fail(errc::bad_json, fmt::format("HTTP: the answer of {}{} is no JSON object.", options_.url, path));
    return answer;
  }

  http_client_options options_;
  httplib::Client client_;
};

expected<std::unique_ptr<http_client>> http_client::make(http_client_options options) {
  const auto server = server_of(options.url);
  if (!server)
    return fail(errc::invalid_argument,
                fmt::format("HTTP: \"{}\" is no URL such as http://127.0.0.1:8000, http://[::1]:8000 or "
                            "http://name:8000: {}",
                            options.url, server.error().message));
  return std::unique_ptr<http_client>(new http_client(std::make_unique<implementation>(std::move(options), *server)));
}

http_client::http_client(std::unique_ptr<implementation> made) : implementation_(std::move(made)) {}

http_client::~http_client() = default;

expected<session> http_client::handshake(const hello& local, const resolution_policy& policy) {
  const auto text = to_json(local);
  auto answer = implementation_->request("POST", http::handshake_path, http::json_type, std::as_bytes(std::span(text)));
  if (!answer)
    return tl::unexpected(std::move(answer.error()));
  const auto peer = read_hello(*answer);
  if (!peer)
    return tl::unexpected(peer.error());
  auto made = make_session(local, *peer, policy);
  const auto object = parse_json(*answer, "Handshake");
  if (auto read = json_fields(*object, "Handshake").read("session_id", made.id).result(); !read)
    return tl::unexpected(std::move(read.error()));
  return made;
}

expected<std::string> http_client::transmit(const payload& content, compression level) {
  const auto encoded = encode(content, level);
  return encoded ? transmit_bytes(encoded->bytes()) : tl::unexpected(encoded.error());
}

expected<std::string> http_client::transmit_bytes(std::span<const std::byte> message) {
  return implementation_->request("POST", http::transmit_path, http::message_type, message);
}

expected<std::string> http_client::send_text(const json_message& message) {
  const auto text = to_json(message);
  return implementation_->request("POST", http::text_path, http::json_type, std::as_bytes(std::span(text)));
}

expected<void> http_client::health() {
  return implementation_->request("GET", http::health_path, "", {}).map([](const std::string&) {});
}

} // namespace avp
