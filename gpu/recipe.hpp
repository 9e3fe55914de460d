// How a context came about: small, exact, and enough to build it again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace avp {

/// One hop of a context's history. Replaying it, each row as the kind of row that it was, gives the same bits.
struct recipe {
  std::string weights_digest; ///< SHA-256 of the model's weights.
  std::string numerics;       ///< Weight format, arithmetic and cache type: "bfloat16", "native, cache float32".
  std::vector<std::shared_ptr<const recipe>> parents; ///< Contexts this one continues, in order.
  std::string
      foreign; ///< For a context that came from outside as bytes: SHA-256 of those bytes. Such a one can't be replayed.
  std::vector<std::int32_t> prompt;    ///< Token ids that were prefilled.
  int latent_steps = 0;                ///< Latent steps after the prompt.
  std::vector<std::int32_t> generated; ///< Token ids that were decoded after that, without the end-of-turn token.
  std::uint64_t seed = 0;              ///< Of the sampler; 0 for greedy decoding and for thinking.

  /// The canonical encoding: JSON with sorted keys, no blanks, parents by their id.
  [[nodiscard]] std::string encode() const;

  /// SHA-256 of the encoding in hex. Two contexts with one id hold the same bits.
  [[nodiscard]] std::string id() const;
};

} // namespace avp
