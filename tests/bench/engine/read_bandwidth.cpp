// Plain sums over a large array: nothing but loads.
#include "tests/bench/engine/read_bandwidth.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace avp::bench {

namespace {

constexpr std::size_t bytes = std::size_t{1} << 30;
constexpr int passes = 7;

using lane = std::uint64_t __attribute__((vector_size(64)));

// Eight sums side by side, so that additions do not wait for each other.
[[gnu::target_clones("avx512f", "avx2", "default")]] std::uint64_t sum(const lane* from, const lane* end) {
  lane sums[8] = {};
  for (; end - from >= 8; from += 8)
    for (int i = 0; i < 8; ++i)
      sums[i] += from[i];
  lane all = {};
  for (const auto& part : sums)
    all += part;
  return all[0] + all[7];
}

} // namespace

double read_bandwidth(int threads) {
  std::vector<std::uint64_t> memory(bytes / sizeof(std::uint64_t) + 8, 1);
  const auto address = (reinterpret_cast<std::uintptr_t>(memory.data()) + 63) & ~std::uintptr_t{63};
  const auto* begin = reinterpret_cast<const lane*>(address);
  const auto share = bytes / sizeof(lane) / static_cast<std::size_t>(threads);
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads));
  double best = 0;
  for (int pass = 0; pass < passes; ++pass) {
    const auto start = std::chrono::steady_clock::now();
    {
      std::vector<std::jthread> readers;
      for (std::size_t i = 0; i < sums.size(); ++i)
        readers.emplace_back([&, i] { sums[i] += sum(begin + i * share, begin + (i + 1) * share); });
    }
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(share * sums.size() * sizeof(lane)) / spent.count());
  }
  const volatile auto result = sums.front(); // so that the reads count as needed
  (void)result;
  return best;
}

} // namespace avp::bench
