// Fuzz target: requests of the web server. The first byte says in pieces of which length the others come; however they
// come, a body stays within its limit, and a request that is read whole is the same.
#include <cstdlib>
#include <string>
#include <string_view>

#include "transport/web/request_parser.hpp"

namespace {

/// What is read of the bytes until something is wrong or missing, as text.
std::string read(std::string_view bytes, std::size_t piece) {
  std::string seen;
  std::string ahead;
  avp::request_parser parser(1024);
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    ahead += bytes.substr(at, piece);
    std::string_view rest = ahead;
    auto step = avp::request_parser::step::more;
    do {
      step = parser.feed(rest);
      if (step == avp::request_parser::step::bad)
        return seen + "bad";
      if (step == avp::request_parser::step::head && !parser.limit_body(1000))
        return seen + "long";
      if (parser.body_bytes() > 1000)
        std::abort();
    } while (step == avp::request_parser::step::head);
    if (step == avp::request_parser::step::done) {
      const auto request = parser.take();
      return request.method + " " + request.path + " " + std::string(request.text());
    }
    ahead = std::string(rest);
  }
  return "more";
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto in_pieces = read(bytes, data[0] + std::size_t{1});
  const auto at_once = read(bytes, bytes.size());
  if (in_pieces.find(' ') != std::string::npos && at_once.find(' ') != std::string::npos && in_pieces != at_once)
    std::abort();
  return 0;
}
