// Our side of the conversations with the Python SDK that the scripts of this folder hold.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "transport/checksum.hpp"
#include "transport/http/http_client.hpp"
#include "transport/http/http_server.hpp"
#include "transport/kv.hpp"
#include "transport/memory_body.hpp"
#include "transport/message.hpp"

namespace {

using nlohmann::json;
using arguments = std::vector<std::string>;

int print(const avp::expected<std::string>& result) {
  std::cout << (result
                    ? *result
                    : json{{"error", avp::to_string(result.error().code)}, {"message", result.error().message}}.dump())
            << std::endl;
  return 0;
}

std::uint32_t checksum(const avp::payload& p) {
  std::vector<std::byte> bytes(p.body->size());
  p.body->write(0, bytes);
  return avp::crc32(0, bytes);
}

avp::model_identity identity() {
  avp::model_identity us;
  us.model_family = "llama";
  us.model_id = "interop";
  us.model_hash = "0f";
  us.hidden_dim = 576;
  us.num_layers = 30;
  us.num_kv_heads = 3;
  us.head_dim = 64;
  return us;
}

/// serve [TOKEN]: prints the port and answers until standard input ends.
int serve(const arguments& args) {
  avp::http_server_options options;
  if (!args.empty())
    options.token = args[0];
  avp::http_handlers handlers;
  handlers.on_payload = [](avp::payload p, const std::string& agent) -> avp::expected<std::string> {
    return json{{"payload_bytes", p.body->size()}, {"crc", checksum(p)}, {"agent", agent}, {"extra", p.meta.extra}}
        .dump();
  };
  handlers.on_text = [](const avp::json_message& m) -> avp::expected<std::string> {
    return json{{"content", m.content}, {"extra_text", m.extra}}.dump();
  };
  handlers.on_hello = [](const avp::hello&) -> avp::expected<avp::handshake_answer> {
    return avp::handshake_answer{"interop", identity(), "{}", "00112233445566778899aabbccddeeff"};
  };
  const auto server = avp::http_server::start(options, handlers);
  if (!server)
    return 2;
  std::cout << (*server)->port() << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  return 0;
}

/// send URL FILE: reads a message from the file, and transmits its payload anew (or the bytes as they are with "raw").
int send(const arguments& args) {
  const auto client = avp::http_client::make({args.at(0), "interop"});
  std::ifstream file(args.at(1), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto view = std::as_bytes(std::span(bytes));
  if (args.size() > 2)
    return print((*client)->transmit_bytes(view));
  const auto content = avp::decode_payload(view, nullptr);
  return content ? print((*client)->transmit(*content)) : 2;
}

int hello(const arguments& args) {
  const auto client = avp::http_client::make({args.at(0), "interop"});
  avp::hello local;
  local.agent_id = "interop";
  local.identity = identity();
  const auto made = (*client)->handshake(local);
  return print(made.map([](const avp::session& s) {
    return json{{"path", avp::to_string(s.agreed.path)}, {"peer", s.peer_agent}, {"id", s.id}}.dump();
  }));
}

int text(const arguments& args) {
  const auto client = avp::http_client::make({args.at(0), "interop"});
  avp::json_message message;
  message.content = args.at(1);
  message.extra = R"({"k": [1, "é"]})";
  return print((*client)->send_text(message));
}

/// kv FILE DTYPE LAYERS HEADS DIM TOKENS: writes a KV message of random values.
int kv(const arguments& args) {
  const auto number = [&](std::size_t i) { return static_cast<std::uint32_t>(std::stoul(args.at(i))); };
  const avp::kv_header header{number(2), number(3), number(4), number(5), static_cast<avp::data_type>(number(1))};
  auto bytes = std::make_shared<std::vector<std::byte>>(*avp::kv_payload_bytes(header));
  avp::write_kv_header(header, std::span(*bytes).first<avp::kv_header_bytes>());
  std::mt19937 random(1);
  for (auto i = avp::kv_header_bytes; i < bytes->size(); ++i)
    (*bytes)[i] = static_cast<std::byte>(random() % 0x70); // no infinities and no NaNs in any type
  avp::payload content;
  avp::describe_kv(header, content.meta);
  content.meta.extra = {{"model_hash", "0f"}, {"model_family", "llama"}, {"num_steps", "3"}};
  content.body = std::make_shared<avp::memory_body>(*bytes, bytes);
  const auto encoded = avp::encode(content);
  std::ofstream(args.at(0), std::ios::binary)
      .write(reinterpret_cast<const char*>(encoded->data()), static_cast<std::streamsize>(encoded->size()));
  std::cout << checksum(content) << std::endl;
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::map<std::string, int (*)(const arguments&)> commands{
      {"serve", serve}, {"send", send}, {"hello", hello}, {"text", text}, {"kv", kv}};
  const auto command = commands.find(argc > 1 ? argv[1] : "");
  return command == commands.end() ? 2 : command->second({argv + 2, argv + argc});
}
