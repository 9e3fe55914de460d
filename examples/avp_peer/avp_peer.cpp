// A peer that speaks AVP: "avp_peer" receives and prints what comes, "avp_peer URL TEXT" sends the bytes of a text.
#include <iostream>
#include <memory>
#include <string>

#include <avp/transport/http/http_client.hpp>
#include <avp/transport/http/http_server.hpp>
#include <avp/transport/memory_body.hpp>

int main(int argc, char** argv) {
  if (argc == 3) {
    const auto client = avp::http_client::make({.url = argv[1], .agent_id = "peer"});
    const auto text = std::make_shared<std::string>(argv[2]);
    avp::payload content;
    content.meta.dtype = avp::data_type::int8;
    content.meta.tensor_shape = {static_cast<std::uint32_t>(text->size())};
    content.body = std::make_shared<avp::memory_body>(std::as_bytes(std::span(*text)), text);
    const auto answer = client ? (*client)->transmit(content) : tl::unexpected(client.error());
    (answer ? std::cout : std::cerr) << (answer ? *answer : answer.error().message) << '\n';
    return answer ? 0 : 1;
  }
  const auto print = [](avp::payload p, const std::string& agent) -> avp::expected<std::string> {
    std::cout << p.body->size() << " bytes from " << agent << std::endl;
    return R"({"seen": true})";
  };
  const auto server = avp::http_server::start({.port = argc == 2 ? std::stoi(argv[1]) : 0}, {.on_payload = print});
  if (!server)
    return std::cerr << server.error().message << '\n', 1;
  std::cout << "http://127.0.0.1:" << (*server)->port() << std::endl;
  std::cin.ignore(1 << 30); // until standard input ends
}
