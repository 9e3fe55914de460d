// Guesses of the next tokens: what another model would say.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "gpu/engine/draft_model.hpp"
#include "gpu/engine/guess_pace.hpp"
#include "gpu/engine/guess_source.hpp"

namespace avp {

/// One text as a draft model reads it, on blocks of its own: of the words only, since it knows nothing of what another
/// model thought between them. It goes on with the tokens that it holds most likely as long as they are likely enough.
///
/// Where blocks are short it holds none and guesses nothing. It reads a text only when the pace allows for the time
/// which that takes.
class draft_reader final : public guess_source, private draft_model::reader {
public:
  /// `known_tokens`: ids from there on are none of the other model's.
  draft_reader(std::shared_ptr<draft_model> model, std::shared_ptr<guess_pace> pace, std::int64_t known_tokens);
  ~draft_reader() override { model_->remove(*this); }
  draft_reader(const draft_reader&) = delete;
  draft_reader& operator=(const draft_reader&) = delete;

  void append(std::span<const std::int32_t> tokens) override;
  [[nodiscard]] std::vector<std::int32_t> guess(std::size_t most, bool is_try) override;
  void give_back() override;

private:
  [[nodiscard]] const sequence& blocks() const override { return sequence_; }
  void forget_what_failed();
  [[nodiscard]] bool has_room(std::int64_t rows);
  [[nodiscard]] std::vector<std::int32_t> guess_or_read(std::size_t most, bool is_try);
  void read(std::int64_t rows);
  [[nodiscard]] at::Tensor run(std::span<const std::int32_t> tokens);

  std::shared_ptr<draft_model> model_;
  std::shared_ptr<guess_pace> pace_;
  std::int64_t tokens_; // that both models have
  std::vector<std::int32_t> text_;
  sequence sequence_;
  std::vector<std::int32_t> cached_; // tokens of the sequence: of the text, and of guesses behind it
  bool is_reading_ = false;
  bool is_broken_ = false;
};

} // namespace avp
