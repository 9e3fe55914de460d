// Timing for the transport benchmarks: both sides of a ratio in turn, so that a busy machine slows both.
#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <functional>
#include <random>
#include <vector>

#include "transport/kv.hpp"
#include "transport/memory_body.hpp"
#include "transport/payload.hpp"

namespace avp::bench {

/// Seconds that a call takes.
inline double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Runs each of the works `rounds` times, one after the other in each round, and returns the median time of each.
inline std::vector<double> medians(const std::vector<std::function<void()>>& works, int rounds) {
  std::vector<std::vector<double>> times(works.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < works.size(); ++i)
      times[i].push_back(seconds(works[i]));
  }
  std::vector<double> result;
  for (auto& t : times) {
    std::ranges::sort(t);
    result.push_back(t[t.size() / 2]);
  }
  return result;
}

/// The KV payload of a model with 24 layers, 2 KV heads of 64, bfloat16 (a 0.5B model), of normally distributed values.
inline payload kv_payload(std::uint32_t tokens) {
  const kv_header header{24, 2, 64, tokens, data_type::bfloat16};
  auto bytes = std::make_shared<std::vector<std::byte>>(*kv_payload_bytes(header));
  write_kv_header(header, std::span(*bytes).first<kv_header_bytes>());
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (auto i = kv_header_bytes; i + 1 < bytes->size(); i += 2) {
    const auto bits = std::bit_cast<std::uint32_t>(normal(random)) >> 16;
    (*bytes)[i] = static_cast<std::byte>(bits);
    (*bytes)[i + 1] = static_cast<std::byte>(bits >> 8);
  }
  payload content;
  describe_kv(header, content.meta);
  content.meta.model_id = "bench";
  content.body = std::make_shared<memory_body>(*bytes, bytes);
  return content;
}

} // namespace avp::bench
