// Tensors whose memory is malloc's.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "gpu/engine/tensor_memory.hpp"

namespace avp {
namespace {

TEST(tensor_memory, is_aligned_and_goes_back) {
  take_tensors_from_malloc();
  take_tensors_from_malloc();
  for (const std::int64_t size : {0, 1, 63, 64, 65, 100000, 10000000}) {
    auto tensor = at::ones({size}, at::kChar);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % 64, 0U) << size;
    EXPECT_EQ(tensor.to(at::kLong).sum().item<std::int64_t>(), size);
  }
}

TEST(tensor_memory, is_also_given_to_those_who_take_it_raw) {
  take_tensors_from_malloc();
  auto* const allocator = c10::GetCPUAllocator();
  auto* const memory = static_cast<char*>(allocator->raw_allocate(1000));
  std::fill_n(memory, 1000, 'x');
  allocator->raw_deallocate(memory);
}

std::int64_t resident_memory() {
  std::int64_t total = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

void* released_memory_of(std::int64_t bytes) { return at::empty({bytes}, at::kByte).mutable_data_ptr(); }

TEST(tensor_memory, large_blocks_are_used_again_by_tensors_that_need_nearly_as_much) {
  take_tensors_from_malloc();
  constexpr std::int64_t size = 10'000'000;
  void* const first = released_memory_of(size);
  EXPECT_EQ(released_memory_of(size), first);
  EXPECT_EQ(released_memory_of(size * 9 / 10), first);
  const auto held = at::empty({size}, at::kByte); // Has it now.
  EXPECT_EQ(held.const_data_ptr(), first);
  EXPECT_NE(released_memory_of(size), first);
}

// What is kept must not grow with what was ever released.
TEST(tensor_memory, keeps_no_more_than_a_limit) {
  take_tensors_from_malloc();
  constexpr std::int64_t size = 60 << 20;
  std::vector<at::Tensor> tensors;
  for (int i = 0; i < 6; ++i)
    tensors.push_back(at::ones({size}, at::kByte));
  const std::int64_t held = resident_memory();
  tensors.clear();
  EXPECT_LE(resident_memory(), held - 4 * size + (8 << 20));
}

} // namespace
} // namespace avp
