// One sequence through a decoder, without an engine.
#pragma once

#include <span>
#include <utility>

#include "gpu/cache/sequence.hpp"
#include "gpu/model/decoder.hpp"

namespace avp::test {

/// Feeds tokens to a decoder on blocks of its own.
class lone_sequence {
public:
  explicit lone_sequence(const decoder& network, std::int64_t positions = 4096)
      : network_(network),
        pool_(std::make_shared<block_pool>(network.cache_shape(), positions / block_positions, network.device())),
        sequence_(pool_) {}

  /// Runs tokens in one pass. Returns the final hidden states of all of them: [tokens,
  /// hidden].
  at::Tensor feed(std::span<const std::int32_t> tokens) { return feed_inputs(network_.embed(tokens)); }

  /// The same with embeddings [rows, hidden].
  at::Tensor feed_inputs(at::Tensor inputs) {
    const auto rows = inputs.size(0);
    sequence_.extend(rows);
    row_batch batch;
    batch.x = std::move(inputs);
    batch.tables = block_tables({{0, rows, sequence_.length(), sequence_.blocks()}}, network_.device());
    for (std::int64_t row = 0; row < rows; ++row)
      batch.wanted.push_back(row);
    auto hidden = network_.forward(std::move(batch), *pool_).hidden;
    sequence_.advance(rows);
    return hidden;
  }

  [[nodiscard]] std::int64_t length() const { return sequence_.length(); }
  [[nodiscard]] const sequence& blocks() const { return sequence_; }
  [[nodiscard]] const std::shared_ptr<block_pool>& pool() const { return pool_; }

private:
  const decoder& network_;
  std::shared_ptr<block_pool> pool_;
  sequence sequence_;
};

} // namespace avp::test
