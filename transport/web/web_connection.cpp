// A connection's turns between reading, having answered, and writing.
#include "transport/web/web_connection.hpp"

#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <netinet/tcp.h>
#include <strings.h>

#include "transport/web/web_routes.hpp"

namespace avp {

namespace {

/// Of the next requests, what is read while one is answered.
constexpr std::size_t most_ahead = 64 * 1024;

/// Of a body that nobody wants, what is dropped before the connection is.
constexpr std::uint64_t most_dropped = std::uint64_t{256} << 20;

/// What the system holds for one peer that does not read; its own choice would be megabytes.
constexpr int send_buffer_bytes = 128 * 1024;

/// A peer that has nothing more to say may wait for its answer, or be gone. Before it is asked, so much time passes:
/// most answers come sooner.
constexpr auto patience_with_silence = std::chrono::milliseconds(50);

/// Has the system ask a peer of which nothing is heard whether it is there: a machine that is cut off sends no
/// farewell.
void watch_silent_peer(int socket, std::chrono::milliseconds patience) {
  const int yes = 1;
  const auto limit = static_cast<unsigned>(patience.count());
  const int seconds = std::max(static_cast<int>(patience.count() / 1000), 1);
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit, sizeof limit);
}

} // namespace

web_connection::web_connection(web_loop& loop, boost::asio::ip::tcp::socket socket, bool turned_away)
    : loop_(loop),
      socket_(std::move(socket)),
      turned_away_(turned_away) {
  enter(stage::head);
}

void web_connection::start() {
  boost::system::error_code failed;
  socket_.non_blocking(true, failed);
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), failed);
  socket_.set_option(boost::asio::socket_base::send_buffer_size(send_buffer_bytes), failed);
  watch_silent_peer(socket_.native_handle(), loop_.options.limits.transfer_time);
  wait_for_input();
}

void web_connection::enter(stage next) {
  stage_ = next;
  since_ = progress_ = clock::now();
}

void web_connection::close() {
  if (std::exchange(stage_, stage::closed) == stage::closed)
    return;
  const auto self = shared_from_this();
  boost::system::error_code failed;
  socket_.close(failed);
  loop_.body_bytes -= std::exchange(body_bytes_, 0);
  loop_.turned_away -= turned_away_ ? 1 : 0;
  loop_.connections.erase(self);
  if (const auto ended = std::move(exchange_))
    ended->close();
}

void web_connection::check_time(clock::time_point now) {
  const auto& limits = loop_.options.limits;
  const auto slowest = std::chrono::seconds(body_bytes_ / std::max<std::uint64_t>(limits.slowest, 1));
  switch (stage_) {
  case stage::head:
    if (parser_ && now - since_ > limits.head_time)
      refuse(408, "The head of the request did not come in time.");
    else if (!parser_ && now - since_ > (is_first_ ? limits.head_time : limits.idle_time))
      close();
    break;
  case stage::body:
    if (now - progress_ > limits.transfer_time || now - since_ > limits.transfer_time + slowest)
      refuse(408, "The body of the request did not come in time.");
    break;
  case stage::answering:
    if (written_ < output_.size() && now - progress_ > limits.transfer_time)
      close();
    break;
  case stage::lingering:
    if (now - since_ > limits.transfer_time)
      close();
    break;
  case stage::closed:
    break;
  }
}

void web_connection::wait_for_input() {
  if (is_reading_ || has_ended_ || stage_ == stage::closed)
    return;
  if (ahead_.size() >= most_ahead && stage_ == stage::answering) {
    wait_for_error();
    return;
  }
  is_reading_ = true;
  socket_.async_wait(boost::asio::socket_base::wait_read, [self = shared_from_this()](const auto& failed) {
    self->is_reading_ = false;
    if (!failed)
      self->read();
  });
}

// A peer that has closed altogether answers whatever is sent to it with a reset.
void web_connection::wait_for_error() {
  if (std::exchange(is_watching_, true))
    return;
  socket_.async_wait(boost::asio::socket_base::wait_error, [self = shared_from_this()](const auto& failed) {
    if (!failed)
      self->close();
  });
}

void web_connection::read() {
  if (stage_ == stage::closed)
    return;
  boost::system::error_code failed;
  const auto bytes = socket_.read_some(boost::asio::buffer(loop_.input), failed);
  if (failed == boost::asio::error::eof)
    return take_end();
  if (failed && failed != boost::asio::error::would_block && failed != boost::asio::error::interrupted)
    return close();
  if (!failed)
    take_input({loop_.input.data(), bytes});
  wait_for_input();
}

void web_connection::take_input(std::string_view bytes) {
  if (stage_ == stage::answering) {
    ahead_ += bytes;
    return;
  }
  progress_ = clock::now();
  if (stage_ == stage::lingering) {
    dropped_ += bytes.size();
    if (dropped_ > most_dropped)
      close();
    return;
  }
  if (ahead_.empty())
    return keep_ahead(parse(bytes));
  const auto all = std::exchange(ahead_, {}).append(bytes);
  keep_ahead(parse(all));
}

void web_connection::keep_ahead(std::string_view bytes) { ahead_ = std::string(bytes); }

void web_connection::take_end() {
  has_ended_ = true;
  if (stage_ != stage::answering)
    return close();
  wait_for_error();
  probe_after_silence();
}

void web_connection::probe_after_silence() {
  const auto timer = std::make_shared<boost::asio::steady_timer>(loop_.context, patience_with_silence);
  timer->async_wait([timer, weak = weak_from_this()](const auto& failed) {
    const auto self = weak.lock();
    if (!failed && self && self->stage_ == stage::answering)
      self->exchange_->probe();
  });
}

/// Gives what is not parsed yet: the beginning of something, or the next requests.
std::string_view web_connection::parse(std::string_view bytes) {
  while (stage_ == stage::head || stage_ == stage::body) {
    if (!parser_) {
      if (bytes.empty())
        break;
      parser_ = std::make_unique<request_parser>(loop_.options.limits.head_bytes);
      enter(stage::head);
    }
    const auto step = parser_->feed(bytes);
    if (step == request_parser::step::bad)
      refuse(parser_->refusal().status, parser_->refusal().message);
    else if (step == request_parser::step::head)
      accept_head();
    else if (!is_body_within_limits())
      refuse(503, "There is no room for the body of the request now; try again later.");
    else if (step == request_parser::step::done)
      accept_body();
    else if (bytes.size() > loop_.options.limits.head_bytes)
      refuse(400, "A line of the request is too long.");
    else
      break;
  }
  return bytes;
}

bool web_connection::is_body_within_limits() {
  const auto come = parser_->body_bytes();
  loop_.body_bytes += come - body_bytes_;
  body_bytes_ = come;
  return come == 0 || loop_.body_bytes <= loop_.options.limits.all_body_bytes;
}

void web_connection::accept_head() {
  const auto& request = parser_->request();
  is_first_ = false;
  if (turned_away_ || loop_.leaving) {
    auto busy = loop_.refusal(503, turned_away_ ? "All connections of this server are in use; try again later."
                                                : "This server is about to end.");
    busy.headers.push_back({"Retry-After", "1"});
    return refuse(std::move(busy));
  }
  if (loop_.options.check)
    if (auto instead = loop_.options.check(request))
      return refuse(std::move(*instead));
  const auto found = find_route(loop_.options.routes, request.method, request.path);
  if (found.route == nullptr && !found.allowed.empty()) {
    auto other = loop_.refusal(405, request.path + " answers " + found.allowed + " only.");
    other.headers.push_back({"Allow", found.allowed});
    return refuse(std::move(other));
  }
  if (found.route == nullptr)
    return refuse(404, "There is nothing here at this path.");
  if (!parser_->limit_body(found.route->max_body_bytes))
    return refuse(413,
                  "The body of the request is longer than " + std::to_string(found.route->max_body_bytes) + " bytes.");
  const auto expects = request.header("Expect");
  if (!expects.empty() && !parser_->is_http_1_0()) {
    if (expects.size() != 12 || strncasecmp(expects.data(), "100-continue", 12) != 0)
      return refuse(417, "Nothing but 100-continue can be expected.");
    if (parser_->has_body()) {
      output_ += "HTTP/1.1 100 Continue\r\n\r\n";
      write();
    }
  }
  route_ = found.route;
  enter(stage::body);
}

void web_connection::accept_body() {
  const auto& route = *route_;
  auto responder = begin_answer(parser_->keeps_alive());
  auto request = parser_->take();
  parser_.reset();
  loop_.call(route, std::move(request), std::move(responder));
}

// The rest of a body that nobody wants would be taken for the next request.
void web_connection::refuse(web_answer what) {
  const bool whole = parser_ && stage_ == stage::head && !parser_->refusal().status && !parser_->has_body();
  const auto responder = begin_answer(whole && !turned_away_ && !loop_.leaving && parser_->keeps_alive());
  parser_.reset();
  responder.answer(std::move(what));
}

web_responder web_connection::begin_answer(bool keep_alive) {
  exchange_terms terms;
  terms.http_1_0 = parser_ && parser_->is_http_1_0();
  terms.head_only = parser_ && parser_->request().method == "HEAD";
  terms.keep_alive = keep_alive;
  terms.unsent_bytes = loop_.options.limits.unsent_bytes;
  terms.headers = loop_.options.headers;
  terms.abandoned = loop_.refusal(500, "The request was left without an answer.");
  exchange_ = std::make_shared<web_exchange>(std::move(terms), [&context = loop_.context, weak = weak_from_this()] {
    boost::asio::post(context, [weak] {
      if (const auto self = weak.lock())
        self->write();
    });
  });
  enter(stage::answering);
  return exchange_->responder();
}

void web_connection::write() {
  if (is_writing_ || stage_ == stage::closed)
    return;
  if (written_ == output_.size()) {
    output_ = exchange_ ? exchange_->take() : std::string();
    written_ = 0;
    progress_ = clock::now();
  }
  if (output_.empty()) {
    if (exchange_ && exchange_->is_broken())
      close();
    else if (exchange_ && exchange_->is_complete())
      finish_answer();
    return;
  }
  is_writing_ = true;
  socket_.async_write_some(boost::asio::buffer(output_.data() + written_, output_.size() - written_),
                           [self = shared_from_this()](const auto& failed, std::size_t bytes) {
                             self->is_writing_ = false;
                             self->take_written(failed, bytes);
                           });
}

void web_connection::take_written(const boost::system::error_code& failed, std::size_t bytes) {
  if (stage_ == stage::closed)
    return;
  if (failed)
    return close();
  written_ += bytes;
  progress_ = clock::now();
  if (exchange_)
    exchange_->sent(bytes);
  write();
}

void web_connection::finish_answer() {
  const bool goes_on = exchange_->keeps_alive() && !loop_.leaving;
  exchange_.reset();
  loop_.body_bytes -= std::exchange(body_bytes_, 0);
  enter(goes_on ? stage::head : stage::lingering);
  if (goes_on) {
    const auto came = std::exchange(ahead_, {});
    keep_ahead(parse(came));
  } else {
    ahead_ = {};
    boost::system::error_code failed;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, failed);
  }
  if (has_ended_ && stage_ != stage::answering)
    return close();
  wait_for_input();
}

} // namespace avp
