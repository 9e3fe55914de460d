// What a receiver does with each frame.
#include "transport/link/inbox.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "transport/link/wakeup.hpp"
#include "transport/memory_body.hpp"
#include "transport/random_id.hpp"
#include "transport/utf8.hpp"

namespace avp {

namespace {

constexpr std::size_t remembered_peers = 4096;
constexpr std::size_t remembered_refusals = 1024;
constexpr std::size_t longest_name = 255;

} // namespace

struct inbox::account {
  std::atomic<std::uint64_t> bytes{0};
  std::shared_ptr<wakeup> released;
};

/// A body whose memory counts against its sender's window for as long as somebody holds it.
class inbox::counted_body final : public payload_body {
public:
  counted_body(std::shared_ptr<const payload_body> inner, std::shared_ptr<account> memory)
      : inner_(std::move(inner)),
        memory_(std::move(memory)) {
    memory_->bytes += inner_->size();
  }
  ~counted_body() override {
    const auto bytes = inner_->size();
    inner_.reset();
    memory_->bytes -= bytes;
    memory_->released->signal();
  }
  [[nodiscard]] std::uint64_t size() const override { return inner_->size(); }
  void write(std::uint64_t offset, std::span<std::byte> out) const override { inner_->write(offset, out); }

private:
  std::shared_ptr<const payload_body> inner_;
  std::shared_ptr<account> memory_;
};

inbox::inbox(inbox_options options, surroundings around)
    : options_(options),
      around_(std::move(around)),
      incarnation_(random_number()) {}

void inbox::take(const route& from, const std::string& peer_key, std::span<const std::byte> first,
                 std::span<const std::byte> second, const std::shared_ptr<const void>& owner, time_point now) {
  const auto e = decode_envelope(first);
  if (!e) {
    spdlog::debug("{}", e.error().message);
    return;
  }
  if (e->kind == envelope_kind::hello) {
    take_hello(from, peer_key, *e, second, now);
    return;
  }
  if (e->kind != envelope_kind::data && e->kind != envelope_kind::beat)
    return;
  auto* p = find(e->incarnation, peer_key);
  if (!p) {
    around_.reply(from, {.kind = envelope_kind::unknown, .incarnation = incarnation_});
    return;
  }
  p->from = from;
  p->heard = now;
  if (e->kind == envelope_kind::data)
    take_data(*p, e->id, second, owner);
  else
    p->last_beat = e->echo;
  p->report_due = true;
}

inbox::peer* inbox::find(std::uint64_t incarnation, const std::string& peer_key) {
  const auto found = peers_.find(incarnation);
  const bool here = found != peers_.end() && !found->second.lost && found->second.who.public_key == peer_key;
  return here ? &found->second : nullptr;
}

void inbox::take_hello(const route& from, const std::string& peer_key, const envelope& e,
                       std::span<const std::byte> name, time_point now) {
  auto found = peers_.find(e.incarnation);
  const bool known = found != peers_.end();
  if (known && found->second.who.public_key != peer_key)
    return;
  if (!known || found->second.lost) {
    const auto living = std::ranges::count_if(peers_, [](const auto& item) { return !item.second.lost; });
    if (living >= options_.max_peers) {
      spdlog::warn("Link: {} senders are connected, another one is turned away.", living);
      return;
    }
  }
  if (!known) {
    forget_oldest();
    found = peers_.emplace(e.incarnation, peer{}).first;
    found->second.parts = assembler(options_.max_split_bytes);
    found->second.memory = std::make_shared<account>();
    found->second.memory->released = around_.released;
  }
  auto& p = found->second;
  const std::string_view text(reinterpret_cast<const char*>(name.data()), std::min(name.size(), longest_name));
  p.who = {e.incarnation, is_utf8(text) ? std::string(text) : std::string(), peer_key};
  p.from = from;
  p.heard = now;
  p.lost = false;
  p.last_beat = e.echo;
  p.received = std::max(p.received, e.id);
  p.acknowledged = std::max(p.acknowledged, e.id);
  // The sender may have missed what it was told before its connection broke.
  std::erase_if(p.refused, [&](const auto& item) { return item.first <= e.id; });
  for (const auto& [id, code] : p.refused)
    around_.reply(from, {.kind = envelope_kind::refusal,
                         .incarnation = incarnation_,
                         .id = id,
                         .echo = static_cast<std::uint64_t>(code)});
  report(p);
}

void inbox::take_data(peer& p, std::uint64_t id, std::span<const std::byte> bytes,
                      const std::shared_ptr<const void>& owner) {
  const bool next = id == p.received + 1;
  const auto held = p.memory->bytes.load();
  const bool fits = held == 0 || bytes.size() <= options_.window - std::min(options_.window, held);
  if (!next || !fits)
    return;
  p.received = id;
  auto content = decode_payload(bytes, owner, options_.decode);
  if (!content) {
    refuse(p, id, content.error());
    return;
  }
  take_payload(p, id, std::move(*content), bytes.size());
}

void inbox::take_payload(peer& p, std::uint64_t id, payload content, std::uint64_t wire_bytes) {
  const auto split_id = split_id_of(content.meta);
  if (around_.handlers.is_wanted && !around_.handlers.is_wanted(content.meta)) {
    turn_away(p, id, errc::closed);
    return;
  }
  if (!split_id.empty()) {
    if (split_id == p.broken_split) {
      refuse(p, id, {errc::bad_part, "Split payload " + split_id + ": another part of it was refused."});
      return;
    }
    wire_bytes = p.part_bytes[split_id] += wire_bytes;
  }
  // A sender's parts come in a row, so whatever is unfinished when something else comes has lost a part.
  abandon_parts(p, split_id);
  // Parts wait in the assembler, which has a limit of its own, and do not count against the window.
  auto whole = p.parts.add(std::move(content));
  if (!whole) {
    p.broken_split = split_id;
    refuse(p, id, whole.error());
    return;
  }
  // A part is not acknowledged before the last one is here: if this process dies, all of them have to come again.
  if (!*whole)
    return;
  p.part_bytes.erase(split_id);
  hand_on(p, std::move(**whole), wire_bytes);
  p.acknowledged = id;
}

void inbox::abandon_parts(peer& p, const std::string& except) {
  for (const auto& split_id : p.parts.unfinished()) {
    if (split_id == except)
      continue;
    p.broken_split = split_id;
    p.part_bytes.erase(split_id);
    (void)p.parts.abandon(split_id);
  }
}

void inbox::refuse(peer& p, std::uint64_t id, const error& why) {
  spdlog::warn("Link: message {} of {} is refused: {}", id, p.who.name, why.message);
  turn_away(p, id, why.code);
}

void inbox::turn_away(peer& p, std::uint64_t id, errc why) {
  abandon_parts(p, "");
  p.refused[id] = why;
  if (p.refused.size() > remembered_refusals)
    p.refused.erase(p.refused.begin());
  around_.reply(
      p.from,
      {.kind = envelope_kind::refusal, .incarnation = incarnation_, .id = id, .echo = static_cast<std::uint64_t>(why)});
  p.acknowledged = id;
}

void inbox::hand_on(peer& p, payload content, std::uint64_t wire_bytes) {
  content.body = std::make_shared<counted_body>(std::move(content.body), p.memory);
  around_.handlers.on_payload({std::move(content), p.who, wire_bytes});
}

void inbox::tick(time_point now) {
  // Whoever was stopped for a while must not take its own silence for that of the others.
  const auto since_last = last_tick_ ? now - *last_tick_ : time_point::duration{0};
  const auto stopped = since_last > 2 * options_.heartbeat ? since_last : time_point::duration{0};
  last_tick_ = now;
  for (auto& [incarnation, p] : peers_) {
    if (p.lost)
      continue;
    p.heard = std::min(now, p.heard + stopped);
    if (now - p.heard > options_.peer_timeout)
      lose(p, now);
    else
      report(p);
  }
}

void inbox::lose(peer& p, time_point now) {
  p.lost = true;
  p.received = p.acknowledged; // what is not acknowledged was parts, which are given up here
  p.part_bytes.clear();
  for (const auto& id : p.parts.unfinished()) {
    const auto missing = p.parts.abandon(id);
    if (missing && around_.handlers.on_peer_lost)
      around_.handlers.on_peer_lost(p.who, *missing);
  }
  if (!around_.handlers.on_peer_lost)
    return;
  const auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - p.heard);
  around_.handlers.on_peer_lost(
      p.who, {errc::peer_lost, fmt::format("Link: sender {} has been silent for {} ms.", p.who.name, silent.count())});
}

void inbox::report_changes() {
  for (auto& [incarnation, p] : peers_) {
    // A quarter of the window is worth a report of its own; less waits for the next one.
    const bool freed = credit(p) >= p.reported_credit + options_.window / 4;
    const bool all_free = credit(p) == options_.window && p.reported_credit != options_.window;
    if (!p.lost && (p.report_due || freed || all_free))
      report(p);
  }
}

std::uint64_t inbox::credit(const peer& p) const {
  return options_.window - std::min(options_.window, p.memory->bytes.load());
}

void inbox::report(peer& p) {
  p.report_due = false;
  p.reported_credit = credit(p);
  around_.reply(p.from, {.kind = envelope_kind::report,
                         .incarnation = incarnation_,
                         .id = p.who.incarnation,
                         .received = p.received,
                         .acknowledged = p.acknowledged,
                         .credit = p.reported_credit,
                         .window = options_.window,
                         .echo = p.last_beat});
}

void inbox::forget_oldest() {
  if (peers_.size() < remembered_peers)
    return;
  auto oldest = peers_.end();
  for (auto item = peers_.begin(); item != peers_.end(); ++item) {
    if (item->second.lost && (oldest == peers_.end() || item->second.heard < oldest->second.heard))
      oldest = item;
  }
  if (oldest != peers_.end())
    peers_.erase(oldest);
}

} // namespace avp
