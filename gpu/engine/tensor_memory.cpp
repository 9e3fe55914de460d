// An allocator of ATen.
#include "gpu/engine/tensor_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

namespace avp {

namespace {

constexpr std::uintptr_t alignment = 64; // of a cache line, and of the widest vectors

// Smaller blocks come back from malloc fast.
constexpr std::size_t smallest_kept = std::size_t{256} << 10;

// What is kept in all, and half of it at most in one block.
constexpr std::size_t most_kept = std::size_t{128} << 20;

// In front of each tensor's memory: malloc gives multiples of 16, so there is always room for it.
struct block_header {
  void* block;
  std::size_t bytes; // After the header.
};
static_assert(alignof(std::max_align_t) >= sizeof(block_header));

block_header& header_of(void* memory) { return static_cast<block_header*>(memory)[-1]; }

// Null where there is none.
void* new_memory(std::size_t bytes) {
  void* const block = std::malloc(bytes + alignment);
  if (block == nullptr)
    return nullptr;
  const auto begin = (reinterpret_cast<std::uintptr_t>(block) + alignment) / alignment * alignment;
  auto* const memory = reinterpret_cast<void*>(begin);
  header_of(memory) = {block, bytes};
  return memory;
}

void free_memory(void* memory) { std::free(header_of(memory).block); }

// Large blocks that were released last, to be used again.
class kept_blocks {
public:
  // Room for as many as can be kept, and one: keeping one takes no memory, as a destructor must not.
  kept_blocks() { blocks_.reserve(most_kept / smallest_kept + 1); }

  // The smallest one that holds `bytes` and is not much larger, or null.
  void* take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    auto best = blocks_.end();
    for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
      const std::size_t size = header_of(*block).bytes;
      if (size >= bytes && size <= bytes + bytes / 4 && (best == blocks_.end() || size < header_of(*best).bytes))
        best = block;
    }
    if (best == blocks_.end())
      return nullptr;
    void* const memory = *best;
    blocks_.erase(best);
    bytes_ -= header_of(memory).bytes;
    return memory;
  }

  // Those that were kept longest go for it.
  void keep(void* memory) {
    const std::lock_guard lock(mutex_);
    blocks_.push_back(memory);
    bytes_ += header_of(memory).bytes;
    free_down_to(most_kept);
  }

  void free_all() {
    const std::lock_guard lock(mutex_);
    free_down_to(0);
  }

private:
  void free_down_to(std::size_t bytes) {
    while (bytes_ > bytes) {
      bytes_ -= header_of(blocks_.front()).bytes;
      free_memory(blocks_.front());
      blocks_.erase(blocks_.begin());
    }
  }

  std::mutex mutex_;
  std::vector<void*> blocks_; // The first was released first.
  std::size_t bytes_ = 0;
};

// Never destroyed: tensors are released until the very end.
kept_blocks& kept() {
  static auto* const blocks = new kept_blocks;
  return *blocks;
}

bool is_kept(std::size_t bytes) { return bytes >= smallest_kept && bytes <= most_kept / 2; }

void release(void* memory) {
  if (memory == nullptr)
    return;
  if (is_kept(header_of(memory).bytes))
    kept().keep(memory);
  else
    free_memory(memory);
}

class malloc_allocator final : public c10::Allocator {
public:
  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes == 0)
      return {nullptr, nullptr, &release, c10::kCPU};
    void* memory = is_kept(bytes) ? kept().take(bytes) : nullptr;
    if (memory == nullptr)
      memory = new_memory(bytes);
    if (memory == nullptr) {
      kept().free_all();
      memory = new_memory(bytes);
    }
    if (memory == nullptr)
      throw std::bad_alloc();
    return {memory, memory, &release, c10::kCPU};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
};

} // namespace

void take_tensors_from_malloc() {
  static malloc_allocator allocator;
  static const bool done = [] {
    constexpr std::uint8_t above_the_usual = 1;
    c10::SetCPUAllocator(&allocator, above_the_usual);
    return true;
  }();
  static_cast<void>(done);
}

} // namespace avp
