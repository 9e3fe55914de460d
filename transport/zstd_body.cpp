// Compression and bounded decompression with zstd.
#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include <fmt/format.h>
#include <zstd.h>

#include <avp/transport/zstd_body.hpp>

namespace avp::wire {

namespace {

struct free_context {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

tl::unexpected<error> over_limit(std::uint64_t limit) {
  return fail(errc::too_large,
              fmt::format("AVP message: its body decompresses to more than the {} bytes that are allowed.", limit));
}

tl::unexpected<error> damaged(std::string_view why) {
  return fail(errc::decompression_failed, fmt::format("AVP message: its body is no whole zstd frame ({}).", why));
}

/// A frame that says how long its content is.
expected<byte_buffer> decompress_pledged(std::span<const std::byte> frame, std::uint64_t size) {
  byte_buffer out(size);
  const auto written = ZSTD_decompress(out.data(), out.size(), frame.data(), frame.size());
  if (ZSTD_isError(written))
    return damaged(ZSTD_getErrorName(written));
  if (written != size)
    return damaged("it is shorter than it says");
  return out;
}

/// A frame that does not: memory grows with what really comes out.
expected<byte_buffer> decompress_unpledged(std::span<const std::byte> frame, std::uint64_t limit) {
  const std::unique_ptr<ZSTD_DCtx, free_context> context(ZSTD_createDCtx());
  std::vector<std::byte> content;
  ZSTD_inBuffer in{frame.data(), frame.size(), 0};
  for (std::size_t hint = 1; hint != 0;) {
    const auto used = content.size();
    content.resize(std::min<std::uint64_t>(used + std::max(used, chunk_bytes), limit + 1));
    ZSTD_outBuffer out{content.data(), content.size(), used};
    hint = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(hint))
      return damaged(ZSTD_getErrorName(hint));
    if (out.pos > limit)
      return over_limit(limit);
    if (hint != 0 && in.pos == in.size && out.pos < out.size)
      return damaged("it ends too early");
    content.resize(out.pos);
  }
  byte_buffer out(content.size());
  std::copy(content.begin(), content.end(), out.data());
  return out;
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

expected<byte_buffer> decompress(std::span<const std::byte> bytes, std::uint64_t limit) {
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR)
    return damaged("its header cannot be read");
  if (size != ZSTD_CONTENTSIZE_UNKNOWN && size > limit)
    return over_limit(limit);
  // The body is one frame; as in the SDK, what stands behind it is not looked at.
  const auto frame_bytes = ZSTD_findFrameCompressedSize(bytes.data(), bytes.size());
  if (ZSTD_isError(frame_bytes))
    return damaged(ZSTD_getErrorName(frame_bytes));
  const auto frame = bytes.first(frame_bytes);
  try {
    return size == ZSTD_CONTENTSIZE_UNKNOWN ? decompress_unpledged(frame, limit) : decompress_pledged(frame, size);
  } catch (const std::bad_alloc&) {
    return fail(errc::too_large, "AVP message: there is no memory for its decompressed body.");
  }
}

} // namespace avp::wire
