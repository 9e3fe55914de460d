// Metadata between its plain C++ form and the protobuf bytes on the wire; used inside the room only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "transport/error.hpp"
#include "transport/metadata.hpp"

namespace avp::wire {

class Metadata;

/// What the metadata of a received message says, with what only the codec cares for.
struct parsed_metadata {
  metadata meta;
  std::optional<std::uint32_t> checksum;
};

/// Parses the metadata bytes of a message. Fails with bad_metadata or unknown_enum.
[[nodiscard]] expected<parsed_metadata> parse_metadata(std::span<const std::byte> bytes);

/// Metadata ready to be written in front of a body whose checksum is not known yet: the checksum is a varint padded to
/// five bytes (protobuf allows that), so its place and the length of everything before the body are known beforehand
/// and the body is walked once.
class metadata_writer {
public:
  /// Prepares the metadata of a message that is compressed or not.
  metadata_writer(const metadata& meta, bool compressed);
  ~metadata_writer();
  metadata_writer(const metadata_writer&) = delete;
  metadata_writer& operator=(const metadata_writer&) = delete;

  /// Bytes that write() writes.
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Writes all but the checksum's value into the first size() bytes of `out`.
  void write(std::span<std::byte> out) const;

  /// Writes the checksum's value into bytes that write() has filled.
  void set_checksum(std::uint32_t value, std::span<std::byte> out) const;

private:
  std::unique_ptr<Metadata> wire_;
  std::uint64_t size_;
};

/// Fails with bad_metadata, naming the field, when a text of the metadata is not UTF-8: protobuf readers would refuse
/// it.
[[nodiscard]] expected<void> check_text(const metadata& meta);

} // namespace avp::wire
