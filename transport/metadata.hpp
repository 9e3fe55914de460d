// The metadata of an AVP message, as plain C++.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "transport/name_table.hpp"

namespace avp {

/// What the tensor bytes of a message are. Values as on the wire.
enum class payload_type : std::uint8_t { hidden_state = 0, kv_cache = 1 };

/// Element type of the tensor bytes. Values as on the wire.
enum class data_type : std::uint8_t { float32 = 0, float16 = 1, bfloat16 = 2, int8 = 3 };

template <>
inline constexpr auto name_table<data_type> = std::to_array<named_value<data_type>>({
    {data_type::float32, "float32"},
    {data_type::float16, "float16"},
    {data_type::bfloat16, "bfloat16"},
    {data_type::int8, "int8"},
});

/// Whether the receiver continues on the tensors or reads text. Values as on the wire.
enum class communication_mode : std::uint8_t { latent = 0, json = 1 };

/// Metadata of one message. Compression and checksum are not here: the codec sets and checks them.
struct metadata {
  std::string session_id;
  std::string source_agent_id;
  std::string target_agent_id;
  std::string model_id;
  std::uint32_t hidden_dim = 0;
  std::uint32_t num_layers = 0;
  avp::payload_type payload_type = payload_type::hidden_state;
  data_type dtype = data_type::float32;
  std::vector<std::uint32_t> tensor_shape;
  communication_mode mode = communication_mode::latent;
  std::string avp_map_id;
  std::map<std::string, std::string> extra;

  bool operator==(const metadata&) const = default;
};

} // namespace avp
