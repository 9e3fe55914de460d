// Turns the texts of tokens into the text that they stand for, as they come.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/text/text_matcher.hpp"
#include "gpu/text/text_steps.hpp"

namespace avp {

/// The steps of decoding. Const use is safe from many threads.
class text_decoder {
public:
  /// Throws std::invalid_argument, naming the step, for steps that can't be taken token by token.
  explicit text_decoder(std::span<const decoder_step> steps);

  /// One text that is being decoded. For one thread at a time; the decoder must live as long.
  class run {
  public:
    explicit run(const text_decoder& decoder);

    /// Takes the text of the next token and returns what is certain now.
    [[nodiscard]] std::string push(std::string_view token);

    /// Ends the text and returns the rest of it. The run begins anew.
    [[nodiscard]] std::string finish();

  private:
    /// What a step has seen so far.
    struct step_state {
      bool has_begun = false;   // A token came.
      std::size_t stripped = 0; // Characters cut from the token that is being read.
      bool is_cut = false;      // Nothing more is to be cut from it.
      std::string held;         // Bytes of a run of byte tokens.
    };

    void take(std::size_t step, std::string_view token, std::string& out);
    void take_byte(std::size_t step, std::string_view token, std::string& out);
    void flush_bytes(std::size_t step, std::string& out);
    [[nodiscard]] std::string stripped(std::size_t step, std::string_view token);

    const text_decoder* decoder_;
    std::vector<step_state> states_;
  };

private:
  struct ready_decoder {
    decoder_step step;
    std::vector<text_matcher> matcher; // Of replace and metaspace: the one.
    bool is_fused = false;             // All that comes is of one token.
  };

  std::vector<ready_decoder> steps_;
};

} // namespace avp
