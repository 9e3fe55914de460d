// Fuzz target: frames of the ZeroMQ link, to the receiving and to the sending side. The input is a row of
// [1 byte length in units of 8][60 bytes envelope][second frame].
#include <algorithm>
#include <cstdlib>
#include <map>

#include <spdlog/spdlog.h>

#include "transport/link/inbox.hpp"
#include "transport/link/outbox.hpp"
#include "transport/link/wakeup.hpp"
#include "transport/memory_body.hpp"

namespace {

using namespace avp;

inbox make_inbox(const std::shared_ptr<wakeup>& wake, std::vector<received_payload>& held) {
  inbox_options options;
  options.window = 4096;
  options.max_peers = 3;
  options.max_split_bytes = 1 << 16;
  options.decode.max_body_bytes = 1 << 16;
  return inbox(options, {[](const std::string&, const envelope&) {},
                         {[&held](received_payload p) {
                            std::vector<std::byte> bytes(p.content.body->size());
                            p.content.body->write(0, bytes);
                            held.push_back(std::move(p));
                          },
                          [](const link_peer&, const error&) {}},
                         wake});
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  spdlog::set_level(spdlog::level::off);
  auto now = std::chrono::steady_clock::time_point{};
  static const auto wake = std::make_shared<wakeup>();
  std::vector<received_payload> held;
  auto in = make_inbox(wake, held);
  std::uint64_t incarnation = 0;
  outbox out({},
             {.control =
                  [&](const envelope& e, std::span<const std::byte>) {
                    incarnation = e.incarnation;
                    return true;
                  },
              .data = [](const envelope&, const payload& p) -> expected<std::uint64_t> { return 1 + p.body->size(); },
              .reconnect = [] {},
              .on_peer = [](const std::optional<error>&) {}},
             now);
  const auto bytes = std::make_shared<std::vector<std::byte>>(100);
  int told = 0;
  for (int i = 0; i < 4; ++i)
    out.submit({{}, std::make_shared<memory_body>(*bytes, bytes)}, [&](const auto&) { ++told; });
  out.tick(now);
  auto rest = std::as_bytes(std::span(data, size));
  while (rest.size() > envelope_bytes) {
    const auto length =
        std::min<std::size_t>(std::to_integer<std::size_t>(rest[0]) * 8, rest.size() - 1 - envelope_bytes);
    const auto first = rest.subspan(1, envelope_bytes);
    // Memory of its own, so that a read beyond the frame is found.
    const auto second = std::make_shared<std::vector<std::byte>>(
        rest.begin() + 1 + envelope_bytes, rest.begin() + 1 + envelope_bytes + static_cast<long>(length));
    rest = rest.subspan(1 + envelope_bytes + length);
    now += std::chrono::milliseconds(200);
    in.take("route", "", first, *second, second, now);
    in.tick(now);
    in.report_changes();
    if (held.size() > 2)
      held.clear();
    if (auto e = decode_envelope(first)) {
      if (e->id % 2 == 0)
        e->id = incarnation; // reports are for the one that they name
      out.take(*e, now);
      out.tick(now);
      out.pump();
    }
  }
  out.fail_all({errc::closed, ""});
  if (told != 4)
    std::abort();
  return 0;
}
