// Encoding and decoding of AVP messages.
#include "transport/message.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <fmt/format.h>

#include "transport/checksum.hpp"
#include "transport/little_endian.hpp"
#include "transport/memory_body.hpp"
#include "transport/split.hpp"
#include "transport/wire_metadata.hpp"
#include "transport/zstd_body.hpp"

namespace avp {

namespace {

constexpr std::uint8_t wire_version = 1;
constexpr std::uint32_t protobuf_limit = 0x7fff'ffff;

/// Where encode() finds the tensor bytes: in memory, or in a body that writes them where it is told.
struct body_source {
  std::span<const std::byte> memory;
  const payload_body* body = nullptr;

  [[nodiscard]] std::uint64_t size() const { return body ? body->size() : memory.size(); }

  void write(std::uint64_t offset, std::span<std::byte> out) const {
    if (body)
      body->write(offset, out);
    else if (!out.empty())
      std::memcpy(out.data(), memory.data() + offset, out.size());
  }
};

void write_header(const metadata& meta, bool compressed, std::uint64_t metadata_bytes, std::uint64_t body_bytes,
                  std::span<std::byte> out) {
  std::uint8_t flags = compressed ? flag_compressed : 0;
  if (!meta.avp_map_id.empty())
    flags |= flag_has_map;
  if (meta.payload_type == payload_type::kv_cache)
    flags |= flag_kv_cache;
  out[0] = std::byte{'A'};
  out[1] = std::byte{'V'};
  out[2] = std::byte{wire_version};
  out[3] = std::byte{flags};
  store_little_endian(static_cast<std::uint32_t>(metadata_bytes + body_bytes), out.data() + 4);
  store_little_endian(static_cast<std::uint32_t>(metadata_bytes), out.data() + 8);
}

tl::unexpected<error> over_4_gib(std::uint64_t metadata_bytes, std::uint64_t body_bytes) {
  return fail(errc::too_large,
              fmt::format("AVP message: {} metadata bytes and {} tensor bytes do not fit one message, which carries at "
                          "most {} bytes; split the payload.",
                          metadata_bytes, body_bytes, max_payload_length));
}

bool fits(std::uint64_t metadata_bytes, std::uint64_t body_bytes) {
  return metadata_bytes <= max_payload_length && body_bytes <= max_payload_length - metadata_bytes;
}

/// Header, metadata and body into `out`, chunk by chunk, so that the checksum reads what the cache still holds.
void write_plain(const metadata& meta, const wire::metadata_writer& head, const body_source& source,
                 std::span<std::byte> out) {
  const auto body_bytes = source.size();
  write_header(meta, false, head.size(), body_bytes, out);
  head.write(out.subspan(message_header_bytes));
  const auto body = out.subspan(message_header_bytes + head.size(), body_bytes);
  std::uint32_t checksum = 0;
  for (std::uint64_t offset = 0; offset < body_bytes; offset += wire::chunk_bytes) {
    const auto chunk = body.subspan(offset, std::min<std::uint64_t>(wire::chunk_bytes, body_bytes - offset));
    source.write(offset, chunk);
    checksum = crc32(checksum, chunk);
  }
  head.set_checksum(checksum, out.subspan(message_header_bytes));
}

expected<byte_buffer> encode_compressed(const metadata& meta, const body_source& source, compression level) {
  const auto body_bytes = source.size();
  const wire::metadata_writer head(meta, true);
  const auto before = message_header_bytes + head.size();
  byte_buffer out(before + wire::compressed_bound(body_bytes));
  byte_buffer scratch(source.body ? std::min<std::uint64_t>(wire::chunk_bytes, body_bytes) : 0);
  std::uint32_t checksum = 0;
  const auto next = [&](std::uint64_t offset, std::size_t length) -> std::span<const std::byte> {
    std::span<const std::byte> chunk;
    if (source.body) {
      source.body->write(offset, scratch.bytes().first(length));
      chunk = scratch.bytes().first(length);
    } else {
      chunk = source.memory.subspan(offset, length);
    }
    checksum = crc32(checksum, chunk);
    return chunk;
  };
  const auto written = wire::compress(body_bytes, next, level, out.bytes().subspan(before));
  if (!written)
    return tl::unexpected(written.error());
  if (!fits(head.size(), *written))
    return over_4_gib(head.size(), *written);
  write_header(meta, true, head.size(), *written, out.bytes());
  head.write(out.bytes().subspan(message_header_bytes));
  head.set_checksum(checksum, out.bytes().subspan(message_header_bytes));
  out.shrink(before + *written);
  return out;
}

expected<byte_buffer> encode_source(const metadata& meta, const body_source& source, compression level) {
  if (auto text = wire::check_text(meta); !text)
    return tl::unexpected(text.error());
  try {
    if (level != compression::none)
      return encode_compressed(meta, source, level);
    const wire::metadata_writer head(meta, false);
    if (!fits(head.size(), source.size()))
      return over_4_gib(head.size(), source.size());
    byte_buffer out(message_header_bytes + head.size() + source.size());
    write_plain(meta, head, source, out.bytes());
    return out;
  } catch (const std::bad_alloc&) {
    return fail(errc::too_large,
                fmt::format("AVP message: there is no memory for a message with {} tensor bytes.", source.size()));
  }
}

} // namespace

expected<message_header> decode_header(std::span<const std::byte> bytes) {
  if (bytes.size() < message_header_bytes)
    return fail(errc::too_short, fmt::format("AVP message: {} bytes are too few, the header alone has {}.",
                                             bytes.size(), message_header_bytes));
  if (bytes[0] != std::byte{'A'} || bytes[1] != std::byte{'V'})
    return fail(errc::bad_magic, fmt::format("AVP message: it starts with the bytes {:02x} {:02x}, not 41 56.",
                                             std::to_integer<int>(bytes[0]), std::to_integer<int>(bytes[1])));
  message_header header;
  header.version = std::to_integer<std::uint8_t>(bytes[2]);
  header.flags = std::to_integer<std::uint8_t>(bytes[3]);
  if (header.version != wire_version)
    return fail(errc::unsupported_version, fmt::format("AVP message: wire version {} is not known, only version {} is.",
                                                       header.version, wire_version));
  header.payload_length = load_little_endian<std::uint32_t>(bytes.data() + 4);
  header.metadata_length = load_little_endian<std::uint32_t>(bytes.data() + 8);
  return header;
}

expected<message> decode(std::span<const std::byte> bytes, const decode_options& options) {
  const auto header = decode_header(bytes);
  if (!header)
    return tl::unexpected(header.error());
  if (bytes.size() < header->message_bytes())
    return fail(errc::truncated, fmt::format("AVP message: the header promises {} bytes, but {} came.",
                                             header->message_bytes(), bytes.size()));
  if (header->metadata_length > header->payload_length)
    return fail(errc::bad_metadata, fmt::format("AVP message: {} metadata bytes cannot lie inside a payload of {}.",
                                                header->metadata_length, header->payload_length));
  if (header->metadata_length > std::min<std::uint32_t>(options.max_metadata_bytes, protobuf_limit))
    return fail(errc::too_large, fmt::format("AVP message: {} metadata bytes are more than the {} that are allowed.",
                                             header->metadata_length, options.max_metadata_bytes));
  auto parsed = wire::parse_metadata(bytes.subspan(message_header_bytes, header->metadata_length));
  if (!parsed)
    return tl::unexpected(std::move(parsed.error()));

  message result;
  result.header = *header;
  result.meta = std::move(parsed->meta);
  result.checksum = parsed->checksum;
  result.body =
      bytes.subspan(message_header_bytes + header->metadata_length, header->payload_length - header->metadata_length);
  if (header->flags & flag_compressed) {
    auto inflated =
        wire::decompress(result.body, options.max_body_bytes, options.verify_checksum ? result.checksum : std::nullopt);
    if (!inflated)
      return tl::unexpected(std::move(inflated.error()));
    result.inflated = std::move(*inflated);
    result.body = result.inflated.bytes();
  }
  if (result.checksum) {
    const auto actual = crc32(0, result.body);
    result.checksum_ok = actual == *result.checksum;
    if (!result.checksum_ok && options.verify_checksum)
      return checksum_mismatch(result.body.size(), actual, *result.checksum);
  }
  return result;
}

expected<payload> decode_payload(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                 const decode_options& options) {
  auto decoded = decode(bytes, options);
  if (!decoded)
    return tl::unexpected(std::move(decoded.error()));
  const auto body = decoded->body;
  if (decoded->header.flags & flag_compressed)
    owner = std::make_shared<byte_buffer>(std::move(decoded->inflated));
  return payload{std::move(decoded->meta), std::make_shared<memory_body>(body, std::move(owner))};
}

std::uint64_t encoded_size(const metadata& meta, std::uint64_t body_bytes) {
  const auto before = message_header_bytes + wire::metadata_writer(meta, false).size();
  if (fits(before - message_header_bytes, body_bytes))
    return before + body_bytes;
  std::uint64_t total = 0;
  const auto count = split_count(body_bytes);
  for (std::uint32_t index = 0; index < count; ++index) {
    const auto part = split_metadata(meta, split_place{std::string(32, '0'), index, count, body_bytes});
    total += message_header_bytes + wire::metadata_writer(part, false).size();
  }
  return total + body_bytes;
}

expected<byte_buffer> encode(const payload& whole, compression level) {
  static const memory_body nothing({}, nullptr);
  return encode_source(whole.meta, {{}, whole.body ? whole.body.get() : &nothing}, level);
}

expected<byte_buffer> encode(const metadata& meta, std::span<const std::byte> body, compression level) {
  return encode_source(meta, {body}, level);
}

expected<std::uint64_t> encode_into(const payload& whole, std::span<std::byte> out) {
  if (auto text = wire::check_text(whole.meta); !text)
    return tl::unexpected(text.error());
  const body_source source{{}, whole.body.get()};
  const wire::metadata_writer head(whole.meta, false);
  if (!fits(head.size(), source.size()))
    return over_4_gib(head.size(), source.size());
  const auto total = message_header_bytes + head.size() + source.size();
  if (out.size() < total)
    return fail(errc::invalid_argument,
                fmt::format("AVP message: it has {} bytes, but only {} were given to write it to.", total, out.size()));
  write_plain(whole.meta, head, source, out);
  return total;
}

} // namespace avp
