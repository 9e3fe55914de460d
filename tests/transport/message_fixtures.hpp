// The messages of tests/data/avp_messages.json, which the Python SDK wrote.
#pragma once

#include <cstddef>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/test_data.hpp"
#include "transport/metadata.hpp"

namespace avp::test {

/// One message with what the SDK says is in it.
struct message_case {
  std::string name;
  std::vector<std::byte> bytes;
  metadata meta;
  std::vector<std::byte> body;
  nlohmann::json raw;
};

inline nlohmann::json read_json(const std::string& name) {
  std::ifstream file(test_data(name));
  if (!file)
    throw std::runtime_error("test data " + name + " cannot be opened");
  return nlohmann::json::parse(file);
}

inline std::vector<std::byte> from_hex(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

inline metadata metadata_from(const nlohmann::json& json) {
  metadata meta;
  meta.session_id = json.at("session_id");
  meta.source_agent_id = json.at("source_agent_id");
  meta.target_agent_id = json.at("target_agent_id");
  meta.model_id = json.at("model_id");
  meta.hidden_dim = json.at("hidden_dim");
  meta.num_layers = json.at("num_layers");
  meta.payload_type = static_cast<payload_type>(json.at("payload_type").get<int>());
  meta.dtype = static_cast<data_type>(json.at("dtype").get<int>());
  meta.tensor_shape = json.at("tensor_shape").get<std::vector<std::uint32_t>>();
  meta.mode = static_cast<communication_mode>(json.at("mode").get<int>());
  meta.avp_map_id = json.at("avp_map_id");
  meta.extra = json.at("extra").get<std::map<std::string, std::string>>();
  return meta;
}

inline std::vector<message_case> message_cases() {
  std::vector<message_case> cases;
  const auto file = read_json("avp_messages.json");
  for (const auto& json : file.at("cases"))
    cases.push_back({json.at("name"), from_hex(json.at("message_hex")), metadata_from(json.at("metadata")),
                     from_hex(json.at("payload_hex")), json});
  return cases;
}

inline std::vector<std::byte> copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

} // namespace avp::test
