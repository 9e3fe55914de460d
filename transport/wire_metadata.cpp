// Metadata to and from protobuf.
#include "transport/wire_metadata.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "avp.pb.h"
#include "transport/utf8.hpp"

namespace avp::wire {

namespace {

// Field 15 as a varint: one byte of tag, five of value.
constexpr std::byte checksum_tag{15 << 3};
constexpr std::size_t checksum_bytes = 6;

bool known(int value, int last) { return value >= 0 && value <= last; }

tl::unexpected<error> unknown(std::string_view field, int value, int last) {
  return fail(errc::unknown_enum,
              fmt::format("AVP message: {} is {}, but this version knows 0 to {} only.", field, value, last));
}

metadata take(Metadata& wire) {
  metadata meta;
  meta.session_id = std::move(*wire.mutable_session_id());
  meta.source_agent_id = std::move(*wire.mutable_source_agent_id());
  meta.target_agent_id = std::move(*wire.mutable_target_agent_id());
  meta.model_id = std::move(*wire.mutable_model_id());
  meta.hidden_dim = wire.hidden_dim();
  meta.num_layers = wire.num_layers();
  meta.payload_type = static_cast<payload_type>(wire.payload_type());
  meta.dtype = static_cast<data_type>(wire.dtype());
  meta.tensor_shape.assign(wire.tensor_shape().begin(), wire.tensor_shape().end());
  meta.mode = static_cast<communication_mode>(wire.mode());
  meta.avp_map_id = std::move(*wire.mutable_avp_map_id());
  for (auto& entry : *wire.mutable_extra())
    meta.extra.insert_or_assign(std::move(*entry.mutable_key()), std::move(*entry.mutable_value()));
  return meta;
}

} // namespace

expected<parsed_metadata> parse_metadata(std::span<const std::byte> bytes) {
  Metadata wire;
  if (!wire.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return fail(errc::bad_metadata,
                fmt::format("AVP message: its {} metadata bytes are no protobuf message avp.Metadata.", bytes.size()));
  constexpr int last_type = static_cast<int>(payload_type::kv_cache);
  constexpr int last_dtype = static_cast<int>(data_type::int8);
  constexpr int last_mode = static_cast<int>(communication_mode::json);
  if (!known(wire.dtype(), last_dtype))
    return unknown("dtype", wire.dtype(), last_dtype);
  if (!known(wire.payload_type(), last_type))
    return unknown("payload_type", wire.payload_type(), last_type);
  if (!known(wire.mode(), last_mode))
    return unknown("mode", wire.mode(), last_mode);
  parsed_metadata parsed;
  if (wire.has_payload_checksum())
    parsed.checksum = wire.payload_checksum();
  parsed.meta = take(wire);
  if (auto text = check_text(parsed.meta); !text)
    return tl::unexpected(std::move(text.error()));
  return parsed;
}

metadata_writer::metadata_writer(const metadata& meta, bool compressed) : wire_(std::make_unique<Metadata>()) {
  wire_->set_session_id(meta.session_id);
  wire_->set_source_agent_id(meta.source_agent_id);
  wire_->set_target_agent_id(meta.target_agent_id);
  wire_->set_model_id(meta.model_id);
  wire_->set_hidden_dim(meta.hidden_dim);
  wire_->set_num_layers(meta.num_layers);
  wire_->set_payload_type(static_cast<PayloadType>(meta.payload_type));
  wire_->set_dtype(static_cast<DataType>(meta.dtype));
  wire_->mutable_tensor_shape()->Assign(meta.tensor_shape.begin(), meta.tensor_shape.end());
  wire_->set_mode(static_cast<CommunicationMode>(meta.mode));
  wire_->set_avp_map_id(meta.avp_map_id);
  if (compressed)
    wire_->set_compression("zstd");
  for (const auto& [key, value] : meta.extra) {
    auto& entry = *wire_->add_extra();
    entry.set_key(key);
    entry.set_value(value);
  }
  size_ = wire_->ByteSizeLong() + checksum_bytes;
}

metadata_writer::~metadata_writer() = default;

void metadata_writer::write(std::span<std::byte> out) const {
  const auto fields = size_ - checksum_bytes;
  google::protobuf::io::ArrayOutputStream array(out.data(), static_cast<int>(fields));
  google::protobuf::io::CodedOutputStream stream(&array);
  wire_->SerializeWithCachedSizes(&stream);
  out[fields] = checksum_tag;
  set_checksum(0, out);
}

void metadata_writer::set_checksum(std::uint32_t value, std::span<std::byte> out) const {
  const auto at = out.subspan(size_ - checksum_bytes + 1);
  for (std::size_t i = 0; i < 4; ++i)
    at[i] = static_cast<std::byte>(0x80 | ((value >> (7 * i)) & 0x7f));
  at[4] = static_cast<std::byte>(value >> 28);
}

expected<void> check_text(const metadata& meta) {
  const std::array<std::pair<std::string_view, const std::string*>, 5> texts{
      {{"session_id", &meta.session_id},
       {"source_agent_id", &meta.source_agent_id},
       {"target_agent_id", &meta.target_agent_id},
       {"model_id", &meta.model_id},
       {"avp_map_id", &meta.avp_map_id}}};
  for (const auto& [name, text] : texts) {
    if (!is_utf8(*text))
      return fail(errc::bad_metadata, fmt::format("AVP message: {} must be UTF-8 text.", name));
  }
  for (const auto& [key, value] : meta.extra) {
    if (!is_utf8(key) || !is_utf8(value))
      return fail(errc::bad_metadata, "AVP message: keys and values of extra must be UTF-8 text.");
  }
  return {};
}

} // namespace avp::wire
