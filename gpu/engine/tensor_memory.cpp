// An allocator of ATen.
#include <cstdint>
#include <cstdlib>
#include <new>

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <avp/gpu/engine/tensor_memory.hpp>

namespace avp {

namespace {

constexpr std::uintptr_t alignment = 64; // of a cache line, and of the widest vectors

class malloc_allocator final : public c10::Allocator {
public:
  c10::DataPtr allocate(std::size_t bytes) override {
    if (bytes == 0)
      return {nullptr, c10::kCPU};
    void* const block = std::malloc(bytes + alignment);
    if (block == nullptr)
      throw std::bad_alloc();
    const auto begin = (reinterpret_cast<std::uintptr_t>(block) + alignment) / alignment * alignment;
    return {reinterpret_cast<void*>(begin), block, &std::free, c10::kCPU};
  }

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
