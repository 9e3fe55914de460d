// What a message between exchanges says of its context.
#include "runtime/node/arrived_slice.hpp"

#include <array>

#include <fmt/format.h>

#include "gpu/cache/context_slice.hpp"
#include "transport/kv.hpp"
#include "transport/message.hpp"

namespace avp {

namespace {

constexpr auto ticket_key = "ticket";

std::string said(const metadata& meta, const char* key) {
  const auto found = meta.extra.find(key);
  return found == meta.extra.end() ? std::string() : found->second;
}

expected<kv_header> header_of(const payload& slice) {
  std::array<std::byte, kv_header_bytes> start{};
  if (slice.body->size() < start.size())
    return fail(errc::bad_kv_header, "KV payload: it is shorter than its own header.");
  slice.body->write(0, start);
  return read_kv_header(start);
}

} // namespace

expected<payload> slice_to_send(const kept_contexts& from, const std::string& id, const std::string& prefix,
                                const std::string& ticket) {
  const auto kept = from.find(id);
  const auto whole = context_in(kept);
  if (!whole)
    return fail(errc::invalid_argument, fmt::format("Context {} is not kept here.", id));
  std::int64_t first = 0;
  if (!prefix.empty()) {
    auto beginning = whole->history();
    while (beginning && beginning->id() != prefix)
      beginning = beginning->leading_parent();
    if (!beginning)
      return fail(errc::invalid_argument, fmt::format("Context {} does not begin with context {}.", id, prefix));
    first = beginning->tokens();
  }
  auto slice = slice_of(kept, first);
  if (slice)
    slice->meta.extra[ticket_key] = ticket;
  return slice;
}

std::string ticket_of(const metadata& meta) { return said(meta, ticket_key); }

expected<void> check_arrived(const payload& slice, const wanted_context& wanted, std::uint64_t most_bytes) {
  const auto refuse = [&](const std::string& why) {
    return fail(errc::rejected,
                fmt::format("What node {} sent is not the context that is wanted: {}.", wanted.from.name, why));
  };
  const auto& meta = slice.meta;
  if (slice.body->size() > most_bytes)
    return refuse(fmt::format("it has {} bytes, and {} bytes are allowed", slice.body->size(), most_bytes));
  if (said(meta, "recipe") != wanted.history->id())
    return refuse(fmt::format("it is {}, expected {}", said(meta, "recipe"), wanted.history->id()));
  if (said(meta, "weights_digest") != wanted.history->weights_digest)
    return refuse(
        fmt::format("its weights are {}, expected {}", said(meta, "weights_digest"), wanted.history->weights_digest));
  const auto header = header_of(slice);
  const auto first = first_position_of(meta);
  if (!header || !first)
    return refuse(header ? "it does not say at which position it begins" : header.error().message);
  const auto base = context_in(wanted.base);
  const auto begin = base ? base->tokens() : 0, end = wanted.history->tokens();
  if (*first != begin || *first + header->seq_len != end)
    return refuse(
        fmt::format("it holds positions {} to {}, expected {} to {}", *first, *first + header->seq_len, begin, end));
  if (const auto checked = check_kv(*header, meta, slice.body->size()); !checked)
    return refuse(checked.error().message);
  return {};
}

std::uint64_t whole_bytes_of(const payload& slice) {
  auto header = *header_of(slice);
  auto meta = slice.meta;
  header.seq_len += static_cast<std::uint32_t>(first_position_of(meta).value_or(0));
  describe_kv(header, meta);
  meta.extra["first_position"] = "0";
  return encoded_size(meta, kv_payload_bytes(header).value_or(0));
}

} // namespace avp
