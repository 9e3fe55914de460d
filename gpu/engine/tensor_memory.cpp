// An allocator of ATen.
#include "gpu/engine/tensor_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

namespace avp {

namespace {

constexpr std::uintptr_t alignment = 64; // of a cache line, and of the widest vectors

static_assert(alignof(std::max_align_t) >= sizeof(void*)); // so there is room for one before each tensor's memory

void release(void* memory) {
  if (memory != nullptr)
    std::free(static_cast<void**>(memory)[-1]);
}

class malloc_allocator final : public c10::Allocator {
public:
  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes == 0)
      return {nullptr, nullptr, &release, c10::kCPU};
    void* const block = std::malloc(bytes + alignment);
    if (block == nullptr)
      throw std::bad_alloc();
    const auto begin = (reinterpret_cast<std::uintptr_t>(block) + alignment) / alignment * alignment;
    auto* const memory = reinterpret_cast<void**>(begin);
    memory[-1] = block;
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
