// The answer's bytes, framed as HTTP wants them.
#include "transport/web/web_exchange.hpp"

#include <array>
#include <ctime>
#include <utility>

#include <fmt/format.h>

#include "transport/web/web_status.hpp"

namespace avp {

namespace {

std::string date() {
  const auto now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

bool has_body(int status) { return status != 204 && status != 304; }

} // namespace

web_exchange::web_exchange(exchange_terms terms, std::function<void()> wake)
    : terms_(std::move(terms)),
      wake_(std::move(wake)) {}

web_responder web_exchange::responder() {
  return web_responder({this, [keep = shared_from_this()](web_exchange* self) { self->abandon(); }});
}

std::string web_exchange::head_of(int status, const std::string& type, const std::vector<web_header>& headers,
                                  const std::uint64_t* length) const {
  auto head = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", status, web_status_name(status), date());
  if (has_body(status))
    head += fmt::format("Content-Type: {}\r\n", type);
  if (length != nullptr && has_body(status))
    head += fmt::format("Content-Length: {}\r\n", *length);
  if (length == nullptr && !terms_.http_1_0)
    head += "Transfer-Encoding: chunked\r\n";
  for (const auto* some : {&terms_.headers, &headers})
    for (const auto& one : *some)
      head += fmt::format("{}: {}\r\n", one.name, one.value);
  if (!terms_.keep_alive)
    head += "Connection: close\r\n";
  else if (terms_.http_1_0)
    head += "Connection: keep-alive\r\n";
  return head + "\r\n";
}

// Called with the lock; `wake_` only posts.
void web_exchange::push(std::string_view bytes) {
  queued_ += bytes;
  unsent_ += bytes.size();
  if (!std::exchange(woken_, true))
    wake_();
}

void web_exchange::push_piece(std::string_view piece) {
  if (terms_.head_only)
    return;
  push(terms_.http_1_0 ? std::string(piece) : fmt::format("{:x}\r\n{}\r\n", piece.size(), piece));
}

void web_exchange::answer(const web_answer& what) {
  const std::lock_guard lock(mutex_);
  if (stage_ != stage::waiting)
    return;
  stage_ = stage::over;
  const std::uint64_t length = what.body.size();
  push(head_of(what.status, what.type, what.headers, &length));
  if (!terms_.head_only && has_body(what.status))
    push(what.body);
  on_close_ = nullptr;
  on_drain_ = nullptr;
}

void web_exchange::start(const web_stream& what) {
  const std::lock_guard lock(mutex_);
  if (stage_ != stage::waiting)
    return;
  stage_ = stage::streaming;
  probe_ = what.probe;
  terms_.keep_alive = terms_.keep_alive && !terms_.http_1_0; // its end is that of the connection
  push(head_of(what.status, what.type, what.headers, nullptr));
}

stream_state web_exchange::write(std::string_view piece) {
  const std::lock_guard lock(mutex_);
  if (stage_ != stage::streaming)
    return stream_state::gone;
  if (!piece.empty()) // a chunk of no bytes would end the stream
    push_piece(piece);
  was_full_ = was_full_ || unsent_ > terms_.unsent_bytes;
  return was_full_ ? stream_state::full : stream_state::open;
}

void web_exchange::end() {
  const std::lock_guard lock(mutex_);
  if (stage_ != stage::streaming)
    return;
  stage_ = stage::over;
  push(terms_.head_only || terms_.http_1_0 ? "" : "0\r\n\r\n");
  on_close_ = nullptr;
  on_drain_ = nullptr;
}

void web_exchange::abandon() {
  answer(terms_.abandoned);
  const std::lock_guard lock(mutex_);
  if (stage_ != stage::streaming)
    return;
  stage_ = stage::broken;
  push("");
}

void web_exchange::on_close(std::function<void()> what) {
  {
    const std::lock_guard lock(mutex_);
    if (stage_ != stage::closed) {
      if (stage_ == stage::waiting || stage_ == stage::streaming)
        on_close_ = std::move(what);
      return;
    }
  }
  what();
}

void web_exchange::on_drain(std::function<void()> what) {
  const std::lock_guard lock(mutex_);
  if (stage_ == stage::waiting || stage_ == stage::streaming)
    on_drain_ = std::move(what);
}

std::string web_exchange::take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  return std::exchange(queued_, {});
}

void web_exchange::sent(std::uint64_t bytes) {
  std::function<void()> drained;
  {
    const std::lock_guard lock(mutex_);
    unsent_ -= std::min(unsent_, bytes);
    if (was_full_ && unsent_ <= terms_.unsent_bytes / 2) {
      was_full_ = false;
      drained = on_drain_;
    }
  }
  if (drained)
    drained();
}

bool web_exchange::is_complete() const {
  const std::lock_guard lock(mutex_);
  return stage_ == stage::over && queued_.empty();
}

bool web_exchange::is_broken() const {
  const std::lock_guard lock(mutex_);
  return stage_ == stage::broken && queued_.empty();
}

void web_exchange::probe() {
  const std::lock_guard lock(mutex_);
  if (stage_ == stage::waiting && !terms_.http_1_0)
    push("HTTP/1.1 100 Continue\r\n\r\n"); // an interim answer, which every client has to skip (RFC 9110, section 15.2)
  else if (stage_ == stage::streaming && !probe_.empty())
    push_piece(probe_);
}

void web_exchange::close() {
  std::function<void()> closed;
  std::function<void()> drained; // destroyed without the lock: it may hold the last responder
  {
    const std::lock_guard lock(mutex_);
    if (stage_ == stage::waiting || stage_ == stage::streaming)
      closed = std::move(on_close_);
    on_close_ = nullptr;
    drained = std::move(on_drain_);
    stage_ = stage::closed;
    wake_ = [] {};
    queued_.clear();
  }
  if (closed)
    closed();
}

web_responder::web_responder(std::shared_ptr<web_exchange> exchange) : exchange_(std::move(exchange)) {}

void web_responder::answer(web_answer what) const { exchange_->answer(what); }

void web_responder::start(const web_stream& what) const { exchange_->start(what); }

stream_state web_responder::write(std::string_view piece) const { return exchange_->write(piece); }

void web_responder::end() const { exchange_->end(); }

void web_responder::on_close(std::function<void()> what) const { exchange_->on_close(std::move(what)); }

void web_responder::on_drain(std::function<void()> what) const { exchange_->on_drain(std::move(what)); }

} // namespace avp
