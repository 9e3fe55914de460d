// How a context came about: small, exact, and enough to build it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gpu/projection.hpp"

namespace avp {

/// A stretch [begin, end) of a parent's positions.
struct context_span {
  std::size_t parent = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool operator==(const context_span&) const = default;
};

/// Positions of a context that are vectors, not tokens: what another model thought, as inputs of this one.
struct injected_rows {
  std::vector<std::vector<float>> vectors; ///< The input embedding of each position.
  std::string source;                      ///< Id of the recipe of the other model's context, from which they came.
  projection_facts facts;                  ///< How they were projected.
};

/// Version of the encoding of recipes. It is part of what is encoded, so ids of two versions never meet.
inline constexpr int recipe_version = 1;

/// One hop of a context's history. Replaying it, each row as the kind of row that it was, gives the same bits.
struct recipe {
  /// Gives the recipe of an id, or null.
  using find_parent = std::function<std::shared_ptr<const recipe>(const std::string& id)>;

  std::string weights_digest; ///< SHA-256 of the model's weights.
  std::string numerics;       ///< Weight format, arithmetic and cache type: "bfloat16", "native, cache float32".
  std::vector<std::shared_ptr<const recipe>> parents; ///< Contexts this one continues, in order.
  std::vector<context_span> spans; ///< What is kept of the parents, one after another; empty: all of the only parent.
  bool rotated = true;             ///< Whether keys of spans were rotated to where they came to lie.
  bool from_state = false; ///< Whether nothing is kept of the only parent but its last hidden state, of which the first
                           ///< latent step is made.
  std::string imported; ///< For a context that came from outside as bytes: SHA-256 of those bytes. Such a one can't be
                        ///< replayed.
  std::int64_t imported_tokens = 0;    ///< Its positions.
  injected_rows injected;              ///< Vectors that were read; the rows before the prompt.
  std::vector<std::int32_t> prompt;    ///< Token ids that were prefilled.
  int latent_steps = 0;                ///< Latent steps after the prompt.
  std::vector<std::int32_t> generated; ///< Token ids that were decoded after that, without the end-of-turn token.
  std::uint64_t seed = 0;              ///< Of the sampler; 0 for greedy decoding and for thinking.

  /// A recipe that is complete: its id and its length are computed now, once, and it never changes again.
  [[nodiscard]] static std::shared_ptr<const recipe> frozen(recipe draft);

  /// The canonical encoding: JSON with sorted keys, no blanks, parents by their id, the version of the encoding.
  [[nodiscard]] std::string encode() const;

  /// SHA-256 of the encoding in hex. Two contexts with one id hold the same bits.
  [[nodiscard]] std::string id() const;

  /// Positions of the whole context.
  [[nodiscard]] std::int64_t tokens() const;

  /// Throws std::runtime_error where no device could have made this hop: spans outside of their parents, latent steps
  /// without a prompt or a state before them, vectors of several widths or with a value that is not finite.
  void check() const;

  /// From an encoding. `parent_of` gives the recipe of an id, or null. Throws std::runtime_error for a text that is no
  /// recipe in its canonical encoding, is of another version, or whose parents are unknown.
  [[nodiscard]] static std::shared_ptr<const recipe> decode(const std::string& encoding, const find_parent& parent_of);

  /// From an encoding that a run folder has kept, which may also be the one without a version that was written before
  /// there were any. The recipe is that of today: its id is another one, and `parent_of` gets the ids of then.
  [[nodiscard]] static std::shared_ptr<const recipe> decode_kept(const std::string& encoding,
                                                                 const find_parent& parent_of);

  /// The parent with all of whose positions this context begins; null where there is none.
  [[nodiscard]] std::shared_ptr<const recipe> leading_parent() const;

private:
  // What is kept of a frozen recipe. A copy may be changed, so it starts without.
  struct knowledge {
    std::string id;
    std::int64_t tokens = 0;

    knowledge() = default;
    ~knowledge() = default;
    knowledge(const knowledge& /*other*/) {}
    knowledge& operator=(const knowledge& /*other*/) {
      id.clear();
      return *this;
    }
  };

  knowledge known_;
};

} // namespace avp
