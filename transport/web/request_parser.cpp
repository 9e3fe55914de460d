// The one file that knows Beast: its parser, fed by hand.
#include "transport/web/request_parser.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <utility>

#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <fmt/format.h>

#include "transport/web/web_status.hpp"

namespace avp {

namespace {

namespace beast = boost::beast::http;

/// Room that is made before a body without Content-Length has begun.
constexpr std::uint64_t first_room = 64 * 1024;

/// A body in memory that is only touched as far as bytes come.
struct gathered_body {
  struct value_type {
    byte_buffer bytes;
    std::uint64_t used = 0;
  };

  class reader {
  public:
    template <bool IsRequest, class Fields>
    reader(beast::header<IsRequest, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>& length, boost::beast::error_code& failed) {
      make_room(length ? *length : first_room, failed);
    }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& failed) {
      std::size_t taken = 0;
      failed = {};
      for (const auto part : boost::beast::buffers_range_ref(buffers)) {
        if (part.size() > body_.bytes.size() - body_.used)
          make_room(std::max(2 * body_.bytes.size(), body_.used + part.size()), failed);
        if (failed)
          return taken;
        std::memcpy(body_.bytes.data() + body_.used, part.data(), part.size());
        body_.used += part.size();
        taken += part.size();
      }
      return taken;
    }

    void finish(boost::beast::error_code& failed) {
      failed = {};
      body_.bytes.shrink(body_.used);
    }

  private:
    void make_room(std::uint64_t length, boost::beast::error_code& failed) {
      try {
        byte_buffer larger(length);
        if (body_.used > 0)
          std::memcpy(larger.data(), body_.bytes.data(), body_.used);
        body_.bytes = std::move(larger);
        failed = {};
      } catch (const std::bad_alloc&) {
        failed = make_error_code(boost::system::errc::not_enough_memory);
      }
    }

    value_type& body_;
  };
};

/// The path of a target, decoded; nothing when it is none.
std::optional<std::string> path_of(std::string_view target) {
  if (const auto authority = target.find("://"); authority != std::string_view::npos && !target.starts_with('/')) {
    const auto path = target.find('/', authority + 3); // the form for proxies: http://host/path
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  target = target.substr(0, target.find_first_of("?#"));
  std::string path;
  for (std::size_t i = 0; i < target.size(); ++i) {
    unsigned char code = 0;
    if (target[i] != '%') {
      path += target[i];
      continue;
    }
    const auto* digits = target.data() + i + 1;
    if (i + 2 >= target.size() || std::from_chars(digits, digits + 2, code, 16).ptr != digits + 2)
      return std::nullopt;
    path += static_cast<char>(code);
    i += 2;
  }
  return path;
}

} // namespace

class request_parser::implementation {
public:
  explicit implementation(std::uint32_t max_head_bytes) {
    parser.header_limit(max_head_bytes);
    parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  beast::request_parser<gathered_body> parser;
  bool begun = false;
  bool head_here = false;
};

request_parser::request_parser(std::uint32_t max_head_bytes)
    : implementation_(std::make_unique<implementation>(max_head_bytes)) {}

request_parser::~request_parser() = default;

request_parser::step request_parser::refuse(int status, std::string message) {
  mistake_ = {status, std::move(message)};
  return step::bad;
}

request_parser::step request_parser::feed(std::string_view& bytes) {
  auto& parser = implementation_->parser;
  // An empty line before a request is left from the one before (RFC 9112, section 2.2).
  while (!implementation_->begun && (bytes.starts_with('\r') || bytes.starts_with('\n')))
    bytes.remove_prefix(1);
  while (!bytes.empty() && !parser.is_done()) {
    implementation_->begun = true;
    boost::beast::error_code failed;
    bytes.remove_prefix(parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), failed));
    if (!implementation_->head_here && parser.is_header_done())
      return take_head();
    if (failed == beast::error::need_more)
      return step::more;
    if (failed == beast::error::header_limit)
      return refuse(431, "The head of the request is too long.");
    if (failed == beast::error::body_limit)
      return refuse(413, "The body of the request is too long.");
    if (failed == beast::error::bad_version)
      return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
    if (failed == boost::system::errc::not_enough_memory)
      return refuse(503, "There is no memory for the body of the request.");
    if (failed)
      return refuse(400, fmt::format("This is no HTTP request: {}.", failed.message()));
  }
  return implementation_->head_here && parser.is_done() ? step::done : step::more;
}

request_parser::step request_parser::take_head() {
  const auto& head = implementation_->parser.get();
  implementation_->head_here = true;
  request_.method = std::string(head.method_string());
  auto path = path_of({head.target().data(), head.target().size()});
  for (const auto& field : head)
    request_.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  if (!path)
    return refuse(400, "The path of the request can't be read.");
  request_.path = std::move(*path);
  const auto hosts = head.count(beast::field::host);
  if (hosts > 1 || (hosts == 0 && !is_http_1_0()))
    return refuse(400, "A request of HTTP/1.1 has one header \"Host\".");
  const auto coding = head[beast::field::transfer_encoding];
  if (!coding.empty() && (!boost::beast::iequals(coding, "chunked") || is_http_1_0()))
    return refuse(501, "The only transfer coding that is understood here is chunked.");
  return step::head;
}

bool request_parser::limit_body(std::uint64_t bytes) {
  implementation_->parser.body_limit(bytes);
  const auto announced = implementation_->parser.content_length();
  return !announced || *announced <= bytes;
}

bool request_parser::is_http_1_0() const { return implementation_->parser.get().version() < 11; }

bool request_parser::keeps_alive() const { return implementation_->parser.keep_alive(); }

bool request_parser::has_body() const { return !implementation_->parser.is_done(); }

std::uint64_t request_parser::body_bytes() const { return implementation_->parser.get().body().used; }

web_request request_parser::take() {
  request_.body = std::move(implementation_->parser.get().body().bytes);
  return std::move(request_);
}

std::string_view web_status_name(int status) {
  const auto name = beast::obsolete_reason(static_cast<beast::status>(status));
  return {name.data(), name.size()};
}

} // namespace avp
