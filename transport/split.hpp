// Payloads over 4 GiB: divided over numbered messages, and put together again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "transport/error.hpp"
#include "transport/payload.hpp"

namespace avp {

/// The most tensor bytes of one part: 4 GiB less 16 MiB, which leaves room for any metadata.
inline constexpr std::uint64_t max_part_bytes = (std::uint64_t{4} << 30) - (std::uint64_t{16} << 20);

/// Where a part belongs. Carried in the metadata's extra, as decimal strings, under the keys split_id, split_index,
/// split_count and split_bytes; parts of one payload have equal length, the last one may be shorter.
struct split_place {
  std::string id;          ///< 32 hex characters, the same for all parts of a payload.
  std::uint32_t index = 0; ///< From 0.
  std::uint32_t count = 0; ///< How many parts there are.
  std::uint64_t bytes = 0; ///< Tensor bytes of the whole payload.
};

/// How many parts a payload of so many tensor bytes has; at least 1.
[[nodiscard]] std::uint32_t split_count(std::uint64_t body_bytes, std::uint64_t part_bytes = max_part_bytes);

/// The metadata of a part: that of the whole, and its place.
[[nodiscard]] metadata split_metadata(const metadata& whole, const split_place& place);

/// The identifier of the split payload that a message is a part of; empty when it is none.
[[nodiscard]] std::string split_id_of(const metadata& meta);

/// Divides a payload into parts of at most `part_bytes` tensor bytes. The parts read from the body of the whole and
/// copy nothing. A payload that fits one part comes back as it is. Fails with invalid_argument when part_bytes is 0 or
/// over max_part_bytes, or when there would be more than 2^16 parts.
[[nodiscard]] expected<std::vector<payload>> split(const payload& whole, std::uint64_t part_bytes = max_part_bytes);

/// Puts parts together again, in whatever order they come. Not thread-safe.
class assembler {
public:
  /// Makes an assembler that holds at most `max_bytes` tensor bytes of unfinished payloads.
  explicit assembler(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  /// Makes an assembler that holds at most 64 GiB.
  assembler() = default;

  /// Takes a payload. One that is not a part comes straight back; a part comes back as nothing until the last one is
  /// here, and then as the whole, whose body reads from the parts without copying them. Fails with bad_part when a part
  /// came twice, when its place is malformed or when it contradicts the parts before it, with too_large over max_bytes.
  [[nodiscard]] expected<std::optional<payload>> add(payload part);

  /// Ends the wait for the parts of a payload and frees those that are here. Returns an error bad_part that names the
  /// missing ones, or nothing when no part of that payload is waiting.
  [[nodiscard]] std::optional<error> abandon(const std::string& id);

  /// The identifiers of the payloads of which parts are missing.
  [[nodiscard]] std::vector<std::string> unfinished() const;

  /// Tensor bytes that are held.
  [[nodiscard]] std::uint64_t held_bytes() const { return held_bytes_; }

private:
  struct unfinished_payload {
    metadata meta; ///< Of the whole.
    std::uint64_t bytes = 0;
    std::uint32_t count = 0;
    std::map<std::uint32_t, std::shared_ptr<const payload_body>> parts;
  };

  std::uint64_t max_bytes_ = std::uint64_t{64} << 30;
  std::uint64_t held_bytes_ = 0;
  std::map<std::string, unfinished_payload> waiting_;
};

} // namespace avp
