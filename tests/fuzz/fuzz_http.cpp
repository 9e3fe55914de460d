// Fuzz target: bodies of the HTTP binding. The first byte chooses the endpoint.
#include <cstdlib>
#include <string_view>
#include <vector>

#include "transport/handshake/json_text.hpp"
#include "transport/http/http_answer.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  static const avp::http_handlers handlers{
      [](avp::payload p, const std::string&) -> avp::expected<std::string> {
        std::vector<std::byte> bytes(p.body->size());
        p.body->write(0, bytes);
        return "{}";
      },
      [](const avp::json_message& m) -> avp::expected<std::string> { return m.extra; },
      {}};
  avp::decode_options options;
  options.max_body_bytes = 1 << 20;
  const std::vector<std::byte> body(reinterpret_cast<const std::byte*>(data) + 1,
                                    reinterpret_cast<const std::byte*>(data) + size);
  const std::string_view text(reinterpret_cast<const char*>(body.data()), body.size());
  const auto answer = data[0] % 3 == 0   ? avp::http::answer_message(body, nullptr, "agent", handlers, options)
                      : data[0] % 3 == 1 ? avp::http::answer_hello(text, handlers)
                                         : avp::http::answer_text(text, handlers);
  if (!avp::parse_json(answer.body, "answer") || (answer.status != 200 && answer.status != 400))
    std::abort();
  return 0;
}
