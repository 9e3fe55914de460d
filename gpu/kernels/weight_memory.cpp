// Handing out pieces of chunks of huge pages.
#include "gpu/kernels/weight_memory.hpp"

#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include <sys/mman.h>

namespace avp {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

// What small pieces share. Larger pieces than half of it have pages of their own.
constexpr std::size_t chunk_bytes = 8 * huge_page;

std::shared_ptr<std::byte> allocate_pages(std::size_t bytes) {
  const std::size_t size = (bytes + huge_page - 1) / huge_page * huge_page;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(huge_page, size));
  if (memory == nullptr)
    throw std::bad_alloc();
#if defined(MADV_HUGEPAGE)
  madvise(memory, size, MADV_HUGEPAGE); // Where it is refused all is well, only slower.
#endif
  return {memory, [](std::byte* pages) { std::free(pages); }};
}

// The chunk that is being handed out; it lives as long as a piece of it does.
struct open_chunk {
  std::mutex mutex;
  std::weak_ptr<std::byte> memory;
  std::size_t used = 0;
};

} // namespace

std::shared_ptr<std::byte> allocate_weights(std::int64_t bytes) {
  const auto size = (static_cast<std::size_t>(bytes) + 63) / 64 * 64;
  if (size > chunk_bytes / 2)
    return allocate_pages(size);
  static open_chunk chunk;
  const std::scoped_lock lock(chunk.mutex);
  auto memory = chunk.memory.lock();
  if (!memory || chunk.used + size > chunk_bytes) {
    memory = allocate_pages(chunk_bytes);
    chunk.memory = memory;
    chunk.used = 0;
  }
  std::byte* const piece = memory.get() + chunk.used;
  chunk.used += size;
  return {std::move(memory), piece};
}

} // namespace avp
