// Division of large payloads into parts and the way back.
#include "transport/split.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "transport/random_id.hpp"

namespace avp {

namespace {

constexpr std::uint64_t max_parts = 1 << 16;
constexpr const char* id_key = "split_id";
constexpr const char* index_key = "split_index";
constexpr const char* count_key = "split_count";
constexpr const char* bytes_key = "split_bytes";

/// A range of another body.
class body_range final : public payload_body {
public:
  body_range(std::shared_ptr<const payload_body> whole, std::uint64_t start, std::uint64_t size)
      : whole_(std::move(whole)),
        start_(start),
        size_(size) {}
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void write(std::uint64_t offset, std::span<std::byte> out) const override { whole_->write(start_ + offset, out); }

private:
  std::shared_ptr<const payload_body> whole_;
  std::uint64_t start_;
  std::uint64_t size_;
};

/// Bodies one after another. All but the last have the length of the first.
class body_sequence final : public payload_body {
public:
  explicit body_sequence(std::vector<std::shared_ptr<const payload_body>> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_)
      size_ += part->size();
  }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  void write(std::uint64_t offset, std::span<std::byte> out) const override {
    const auto length = parts_.front()->size();
    while (!out.empty()) {
      const auto& part = parts_[offset / length];
      const auto inside = offset % length;
      const auto now = std::min<std::uint64_t>(out.size(), part->size() - inside);
      part->write(inside, out.first(now));
      out = out.subspan(now);
      offset += now;
    }
  }

private:
  std::vector<std::shared_ptr<const payload_body>> parts_;
  std::uint64_t size_ = 0;
};

template <class T>
bool read_number(const std::map<std::string, std::string>& extra, const char* key, T& value) {
  const auto found = extra.find(key);
  if (found == extra.end())
    return false;
  const auto& text = found->second;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed == std::errc{} && end == text.data() + text.size();
}

expected<split_place> read_place(const metadata& meta) {
  split_place place;
  place.id = meta.extra.at(id_key);
  if (!read_number(meta.extra, index_key, place.index) || !read_number(meta.extra, count_key, place.count) ||
      !read_number(meta.extra, bytes_key, place.bytes))
    return fail(errc::bad_part, "Split payload: split_index, split_count and split_bytes must be decimal numbers.");
  if (place.id.empty() || place.id.size() > 64 || place.count < 2 || place.count > max_parts ||
      place.index >= place.count || place.bytes < place.count)
    return fail(errc::bad_part, fmt::format("Split payload: there is no part {} of {} with {} bytes in all.",
                                            place.index, place.count, place.bytes));
  return place;
}

metadata without_place(metadata meta) {
  for (const auto* key : {id_key, index_key, count_key, bytes_key})
    meta.extra.erase(key);
  return meta;
}

/// Length of a part: all have the same, the last one has the rest.
std::uint64_t part_length(const split_place& place) {
  const auto length = (place.bytes + place.count - 1) / place.count;
  const auto start = length * place.index;
  return start >= place.bytes ? 0 : std::min(length, place.bytes - start);
}

} // namespace

std::uint32_t split_count(std::uint64_t body_bytes, std::uint64_t part_bytes) {
  return static_cast<std::uint32_t>(
      std::max<std::uint64_t>(1, body_bytes / part_bytes + (body_bytes % part_bytes != 0)));
}

metadata split_metadata(const metadata& whole, const split_place& place) {
  auto meta = whole;
  meta.extra[id_key] = place.id;
  meta.extra[index_key] = std::to_string(place.index);
  meta.extra[count_key] = std::to_string(place.count);
  meta.extra[bytes_key] = std::to_string(place.bytes);
  return meta;
}

std::string split_id_of(const metadata& meta) {
  const auto found = meta.extra.find(id_key);
  return found == meta.extra.end() ? std::string() : found->second;
}

expected<std::vector<payload>> split(const payload& whole, std::uint64_t part_bytes) {
  const auto bytes = whole.body->size();
  if (part_bytes == 0 || part_bytes > max_part_bytes || bytes / part_bytes >= max_parts)
    return fail(errc::invalid_argument,
                fmt::format("Split payload: {} bytes cannot be divided into at most {} parts of "
                            "{} bytes (at most {}).",
                            bytes, max_parts, part_bytes, max_part_bytes));
  const auto count = split_count(bytes, part_bytes);
  if (count == 1)
    return std::vector<payload>{whole};
  std::vector<payload> parts;
  split_place place{random_id(), 0, count, bytes};
  std::uint64_t start = 0;
  for (; place.index < count; ++place.index) {
    const auto length = part_length(place);
    parts.push_back({split_metadata(whole.meta, place), std::make_shared<body_range>(whole.body, start, length)});
    start += length;
  }
  return parts;
}

expected<std::optional<payload>> assembler::add(payload part) {
  if (!part.meta.extra.contains(id_key))
    return part;
  const auto place = read_place(part.meta);
  if (!place)
    return tl::unexpected(place.error());
  const auto size = part.body->size();
  if (size == 0 || size != part_length(*place))
    return fail(errc::bad_part, fmt::format("Split payload {}: part {} of {} has {} bytes where {} belong.", place->id,
                                            place->index, place->count, size, part_length(*place)));
  if (size > max_bytes_ - held_bytes_)
    return fail(errc::too_large, fmt::format("Split payload {}: part {} of {} would bring the unfinished payloads over "
                                             "the {} bytes that are allowed.",
                                             place->id, place->index, place->count, max_bytes_));
  auto meta = without_place(std::move(part.meta));
  auto& waiting =
      waiting_.try_emplace(place->id, unfinished_payload{meta, place->bytes, place->count, {}}).first->second;
  if (waiting.count != place->count || waiting.bytes != place->bytes || waiting.meta != meta)
    return fail(errc::bad_part, fmt::format("Split payload {}: part {} contradicts the parts that came before it.",
                                            place->id, place->index));
  if (!waiting.parts.emplace(place->index, std::move(part.body)).second)
    return fail(errc::bad_part,
                fmt::format("Split payload {}: part {} of {} came twice.", place->id, place->index, place->count));
  held_bytes_ += size;
  if (waiting.parts.size() < waiting.count)
    return std::nullopt;
  std::vector<std::shared_ptr<const payload_body>> bodies;
  for (auto& [index, body] : waiting.parts)
    bodies.push_back(std::move(body));
  held_bytes_ -= waiting.bytes;
  waiting_.erase(place->id);
  return payload{std::move(meta), std::make_shared<body_sequence>(std::move(bodies))};
}

std::optional<error> assembler::abandon(const std::string& id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end())
    return std::nullopt;
  std::vector<std::uint32_t> missing;
  for (std::uint32_t index = 0; index < found->second.count; ++index) {
    if (const auto part = found->second.parts.find(index); part == found->second.parts.end())
      missing.push_back(index);
    else
      held_bytes_ -= part->second->size();
  }
  missing.resize(std::min<std::size_t>(missing.size(), 16));
  const auto count = found->second.count;
  waiting_.erase(found);
  return error{errc::bad_part, fmt::format("Split payload {}: of {} parts these did not come: {}.", id, count,
                                           fmt::join(missing, ", "))};
}

std::vector<std::string> assembler::unfinished() const {
  std::vector<std::string> ids;
  for (const auto& [id, waiting] : waiting_)
    ids.push_back(id);
  return ids;
}

} // namespace avp
