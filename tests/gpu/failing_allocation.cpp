// The operator new of the test program.
#include "tests/gpu/failing_allocation.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool is_counting = false;
thread_local std::int64_t allocations_left = 0;

} // namespace

void* operator new(std::size_t size) {
  if (is_counting && allocations_left-- == 0)
    throw std::bad_alloc();
  if (auto* memory = std::malloc(size == 0 ? 1 : size))
    return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }

void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace avp::test {

failing_allocation::failing_allocation(std::int64_t before) {
  allocations_left = before;
  is_counting = true;
}

failing_allocation::~failing_allocation() { is_counting = false; }

bool failing_allocation::has_failed() const { return allocations_left < 0; }

} // namespace avp::test
