// What a sender does with each payload and each answer.
#include "transport/link/outbox.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "transport/message.hpp"
#include "transport/random_id.hpp"

namespace avp {

namespace {

/// How soon a greeting is tried again that found no connection.
constexpr std::chrono::milliseconds retry{10};

} // namespace

outbox::outbox(sender_options options, surroundings around, time_point now)
    : options_(std::move(options)),
      around_(std::move(around)),
      incarnation_(random_number()),
      heard_(now),
      next_beat_(now),
      last_tick_(now) {}

void outbox::submit(payload content, send_handler done) {
  auto whole = std::make_shared<delivery>();
  whole->done = std::move(done);
  if (lost_ && options_.loss == on_loss::fail) {
    finish(*whole, tl::unexpected(*lost_));
    return;
  }
  if (!content.body) {
    finish(*whole, fail(errc::invalid_argument, "Link: a payload without a body cannot be sent."));
    return;
  }
  auto parts = split(content, options_.part_bytes);
  if (!parts) {
    finish(*whole, tl::unexpected(std::move(parts.error())));
    return;
  }
  whole->messages_left = parts->size();
  for (auto& part : *parts) {
    const auto size = encoded_size(part.meta, part.body->size());
    items_.push_back({std::move(part), size, 0, 0, whole});
  }
}

void outbox::take(const envelope& e, time_point now) {
  switch (e.kind) {
  case envelope_kind::report:
    take_report(e, now);
    break;
  case envelope_kind::refusal:
    take_refusal(e);
    break;
  case envelope_kind::unknown:
    welcomed_ = false;
    next_beat_ = now;
    break;
  default:
    break;
  }
}

void outbox::take_report(const envelope& e, time_point now) {
  if (e.id != incarnation_ || e.received > base_ + numbered_ || e.acknowledged > e.received)
    return;
  heard_ = now;
  if (!welcomed_ || e.incarnation != peer_incarnation_)
    welcome(e);
  settle(e.acknowledged);
  // Frames of one connection arrive in order: what was sent before a beat and is not here when the beat is, is lost.
  while (!sent_at_beat_.empty() && sent_at_beat_.front().first <= e.echo) {
    const auto [number, last] = sent_at_beat_.front();
    sent_at_beat_.pop_front();
    if (number == e.echo && number > barrier_ && e.received < std::min(last, last_sent()))
      rewind(e.received);
  }
  received_ = e.received;
  credit_ = e.credit;
  window_ = e.window;
}

void outbox::take_refusal(const envelope& e) {
  if (e.id <= base_ || e.id > base_ + numbered_)
    return;
  const auto whole = items_[e.id - base_ - 1].part_of;
  finish(*whole, fail(errc::rejected, fmt::format("Link: {} refused the message: {}.", options_.endpoint,
                                                  to_string(static_cast<errc>(e.echo)))));
  drop_rest_of(*whole);
}

// What never had a number nobody will miss.
void outbox::drop_rest_of(const delivery& given_up) {
  const auto first = items_.begin() + static_cast<std::ptrdiff_t>(numbered_);
  items_.erase(std::remove_if(first, items_.end(), [&](const item& one) { return one.part_of.get() == &given_up; }),
               items_.end());
}

void outbox::settle(std::uint64_t acknowledged) {
  while (base_ < acknowledged && numbered_ > 0) {
    auto& front = items_.front();
    auto& whole = *front.part_of;
    whole.wire_bytes += front.wire_bytes;
    if (--whole.messages_left == 0)
      finish(whole, send_receipt{whole.wire_bytes});
    base_end_ = front.end;
    items_.pop_front();
    ++base_;
    --numbered_;
    if (sent_ > 0)
      --sent_;
  }
}

void outbox::welcome(const envelope& e) {
  welcomed_ = true;
  peer_incarnation_ = e.incarnation;
  barrier_ = beats_;
  sent_at_beat_.clear();
  rewind(e.received);
  if (std::exchange(lost_, std::nullopt))
    around_.on_peer(std::nullopt);
}

void outbox::rewind(std::uint64_t received) {
  sent_ = received > base_ ? std::min<std::uint64_t>(received - base_, numbered_) : 0;
  received_ = received;
  barrier_ = beats_;
}

bool outbox::greet() {
  return around_.control({.kind = envelope_kind::hello, .incarnation = incarnation_, .id = base_, .echo = beats_},
                         std::as_bytes(std::span(options_.name)));
}

void outbox::beat() {
  ++beats_;
  sent_at_beat_.emplace_back(beats_, last_sent());
  if (!around_.control({.kind = envelope_kind::beat, .incarnation = incarnation_, .id = last_sent(), .echo = beats_},
                       {}))
    welcomed_ = false;
}

outbox::time_point outbox::tick(time_point now) {
  // Whoever was stopped for a while must not take its own silence for that of the peer.
  if (now - last_tick_ > 2 * options_.heartbeat)
    heard_ += now - last_tick_;
  last_tick_ = now;
  if (!lost_ && now - heard_ > options_.peer_timeout) {
    const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - heard_);
    lose({errc::peer_lost, fmt::format("Link: {} has been silent for {} ms.", options_.endpoint, silent.count())}, now);
  }
  if (now >= next_beat_) {
    next_beat_ = now + options_.heartbeat;
    if (welcomed_)
      beat();
    if (!welcomed_ && !greet())
      next_beat_ = now + retry;
  }
  return next_beat_;
}

bool outbox::may_send(const item& next) const {
  const auto way = on_the_way();
  if (next.size <= credit_ - std::min(credit_, way))
    return true;
  return next.size > window_ && credit_ == window_ && way == 0;
}

std::uint64_t outbox::end_of(std::uint64_t id) const { return id <= base_ ? base_end_ : items_[id - base_ - 1].end; }

std::uint64_t outbox::on_the_way() const {
  return end_of(last_sent()) - end_of(std::min(std::max(received_, base_), last_sent()));
}

void outbox::pump() {
  while (welcomed_ && sent_ < items_.size() && may_send(items_[sent_])) {
    auto& next = items_[sent_];
    const auto written =
        around_.data({.kind = envelope_kind::data, .incarnation = incarnation_, .id = last_sent() + 1}, next.content);
    const bool first_time = sent_ == numbered_;
    if (!written && first_time) {
      const auto whole = next.part_of;
      finish(*whole, tl::unexpected(written.error()));
      drop_rest_of(*whole);
      continue;
    }
    if (!written && sent_ == 0)
      give_up_first(written.error());
    if (!written || *written == 0)
      return;
    next.wire_bytes = *written;
    next.end = end_of(last_sent()) + next.size;
    ++sent_;
    numbered_ = std::max(numbered_, sent_);
  }
}

// It was sent once, and can't be sent again. The greeting tells the peer that its number is done with. One behind
// others waits until these are acknowledged.
void outbox::give_up_first(const error& why) {
  const auto whole = items_.front().part_of;
  finish(*whole, tl::unexpected(why));
  base_end_ = items_.front().end;
  items_.pop_front();
  ++base_;
  --numbered_;
  drop_rest_of(*whole);
  welcomed_ = false;
  next_beat_ = last_tick_;
}

void outbox::lose(const error& why, time_point now) {
  const bool already = std::exchange(lost_, why).has_value();
  welcomed_ = false;
  heard_ = now;
  next_beat_ = now;
  rewind(base_);
  if (options_.loss == on_loss::fail)
    fail_all(why);
  if (already)
    return; // ZeroMQ goes on trying, less and less often
  around_.on_peer(why);
  around_.reconnect();
}

void outbox::fail_all(const error& why) {
  auto given_up = std::exchange(items_, {});
  if (numbered_ > 0)
    base_end_ = given_up[numbered_ - 1].end;
  base_ += numbered_;
  numbered_ = 0;
  sent_ = 0;
  for (auto& one : given_up)
    finish(*one.part_of, tl::unexpected(why));
}

void outbox::finish(delivery& d, expected<send_receipt> result) {
  if (!std::exchange(d.over, true) && d.done)
    d.done(std::move(result));
}

} // namespace avp
