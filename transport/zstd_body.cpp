// Compression and bounded decompression with zstd.
#include "transport/zstd_body.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include <fmt/format.h>
#include <zstd.h>

#include "transport/checksum.hpp"

namespace avp::wire {

namespace {

struct free_context {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

/// The largest window, as a power of two: 128 MiB, which `zstd -d` takes as well. Memory is touched as far as bytes
/// come.
constexpr int longest_window = 27;

/// A body that grows more than so is looked at before memory is taken for it. The numbers of a model shrink to the half
/// at best; what shrinks to a hundredth is zeros, or wants to do harm.
constexpr std::uint64_t suspicious_growth = 32;

tl::unexpected<error> over_limit(std::uint64_t limit) {
  return fail(errc::too_large,
              fmt::format("AVP message: its body decompresses to more than the {} bytes that are allowed.", limit));
}

tl::unexpected<error> damaged(std::string_view why) {
  return fail(errc::decompression_failed,
              fmt::format("AVP message: its body is not made of whole zstd frames ({}).", why));
}

/// What the frames say of their content's length: nothing where one of them does not say.
expected<std::optional<std::uint64_t>> declared_size(std::span<const std::byte> frames, std::uint64_t limit) {
  std::uint64_t total = 0;
  bool known = true;
  while (!frames.empty()) {
    const auto size = ZSTD_getFrameContentSize(frames.data(), frames.size()); // 0 for one that is to be skipped
    if (size == ZSTD_CONTENTSIZE_ERROR)
      return damaged("a header cannot be read");
    known = known && size != ZSTD_CONTENTSIZE_UNKNOWN;
    if (known && size > limit - total)
      return over_limit(limit);
    total += known ? size : 0;
    const auto length = ZSTD_findFrameCompressedSize(frames.data(), frames.size());
    if (ZSTD_isError(length))
      return damaged(ZSTD_getErrorName(length));
    frames = frames.subspan(length);
  }
  return known ? std::optional(total) : std::nullopt;
}

/// What comes out of frames, found without keeping it.
struct content_facts {
  std::uint64_t size = 0;
  std::uint32_t checksum = 0;
};

expected<content_facts> survey(std::span<const std::byte> frames, std::uint64_t limit) {
  const std::unique_ptr<ZSTD_DCtx, free_context> context(ZSTD_createDCtx());
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, longest_window);
  byte_buffer piece(chunk_bytes);
  content_facts facts;
  ZSTD_inBuffer in{frames.data(), frames.size(), 0};
  for (bool more = true; more;) {
    ZSTD_outBuffer out{piece.data(), piece.size(), 0};
    const auto hint = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(hint))
      return damaged(ZSTD_getErrorName(hint));
    facts.size += out.pos;
    if (facts.size > limit)
      return over_limit(limit);
    facts.checksum = crc32(facts.checksum, piece.bytes().first(out.pos));
    more = in.pos < in.size || (hint != 0 && out.pos == out.size);
    if (!more && hint != 0)
      return damaged("it ends too early");
  }
  return facts;
}

} // namespace

std::uint64_t compressed_bound(std::uint64_t body_bytes) { return ZSTD_compressBound(body_bytes); }

expected<std::uint64_t> compress(std::uint64_t body_bytes, const chunk_source& next, compression level,
                                 std::span<std::byte> out) {
  if (static_cast<int>(level) > ZSTD_maxCLevel())
    return fail(errc::invalid_argument, fmt::format("AVP message: zstd has levels 1 to {}, not {}.", ZSTD_maxCLevel(),
                                                    static_cast<int>(level)));
  const std::unique_ptr<ZSTD_CCtx, free_context> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, static_cast<int>(level));
  ZSTD_CCtx_setPledgedSrcSize(context.get(), body_bytes);
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  std::uint64_t offset = 0;
  for (bool done = false; !done;) {
    const auto length = std::min<std::uint64_t>(chunk_bytes, body_bytes - offset);
    const auto chunk = next(offset, length);
    offset += length;
    const bool last = offset == body_bytes;
    ZSTD_inBuffer from{chunk.data(), chunk.size(), 0};
    std::size_t left = 1;
    while (last ? left != 0 : from.pos < from.size) {
      left = ZSTD_compressStream2(context.get(), &to, &from, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left))
        return fail(errc::invalid_argument, fmt::format("AVP message: zstd: {}.", ZSTD_getErrorName(left)));
    }
    done = last;
  }
  return to.pos;
}

expected<byte_buffer> decompress(std::span<const std::byte> frames, std::uint64_t limit,
                                 std::optional<std::uint32_t> checksum) {
  const auto declared = declared_size(frames, limit);
  if (!declared)
    return tl::unexpected(declared.error());
  if (frames.empty())
    return damaged("it is empty");
  try {
    auto size = declared->value_or(0);
    if (!*declared || (size > chunk_bytes && size / suspicious_growth > frames.size())) {
      const auto facts = survey(frames, limit);
      if (!facts)
        return tl::unexpected(facts.error());
      if (checksum && facts->checksum != *checksum)
        return checksum_mismatch(facts->size, facts->checksum, *checksum);
      size = facts->size;
    }
    byte_buffer out(size);
    const auto written = ZSTD_decompress(out.data(), out.size(), frames.data(), frames.size());
    if (ZSTD_isError(written))
      return damaged(ZSTD_getErrorName(written));
    if (written != size)
      return damaged("it is shorter than it says");
    return out;
  } catch (const std::bad_alloc&) {
    return fail(errc::too_large, "AVP message: there is no memory for its decompressed body.");
  }
}

} // namespace avp::wire
