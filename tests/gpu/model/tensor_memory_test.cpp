// Tensors whose memory is malloc's.
#include <algorithm>
#include <cstdint>

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

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

} // namespace
} // namespace avp
