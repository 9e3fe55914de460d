// One request from submission to answer: which rows it wants next, and what becomes of their results.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include <caf/error.hpp>

#include "gpu/device_error.hpp"
#include "gpu/engine/answer_decoder.hpp"
#include "gpu/engine/prepared_request.hpp"
#include "gpu/engine/schedulable.hpp"
#include "gpu/engine/sequence_builder.hpp"
#include "gpu/engine/thought_log.hpp"
#include "gpu/engine/token_guesser.hpp"
#include "gpu/model/projector.hpp"
#include "gpu/result.hpp"

namespace avp {

using request_outcome = std::variant<result, caf::error>;
using request_callback = std::function<void(request_outcome)>;

/// A request in the engine. Its plan is made when it starts, and made again when it starts over after it was preempted.
class running_request final : public schedulable {
public:
  using clock = std::chrono::steady_clock;

  /// Reads and checks it. Throws request_error when it can't be done. `guesser`: who guesses tokens of its answer, if
  /// anybody does.
  running_request(const loaded_model& model, std::shared_ptr<block_pool> pool, const request_work& asked,
                  request_callback done, std::uint64_t arrival, std::optional<token_guesser> guesser);

  [[nodiscard]] std::int64_t blocks_at_end() const override;
  [[nodiscard]] std::int64_t blocks_shared_at_start() const override;
  [[nodiscard]] std::int64_t blocks_held() const override { return builder_.blocks_held(); }
  [[nodiscard]] sequence& blocks() override { return builder_.blocks(); }
  void start() override;
  void release() override;
  [[nodiscard]] std::optional<std::int64_t> blocks_to_arrange() const override { return builder_.blocks_to_arrange(); }
  void arrange() override;
  [[nodiscard]] std::optional<wanted_rows> next_rows() const override;
  std::int64_t guess(std::int64_t rows, std::int64_t most) override;
  std::optional<prompt_block> share_prefix() override { return builder_.share_prefix(); }

  /// Whether it has been started and not released since.
  [[nodiscard]] bool is_running() const { return is_running_; }

  /// Whether finish() can be called at once: there is nothing to run and nothing to keep.
  [[nodiscard]] bool is_instant() const { return asked_.is_instant; }

  /// Token ids of the next rows, of a prompt or an answer with what is guessed behind it; none where they are vectors.
  [[nodiscard]] std::span<const std::int32_t> next_tokens(std::int64_t rows) const;

  /// The inputs of the next rows, [rows, hidden], where they are a latent step or injected; else undefined.
  [[nodiscard]] at::Tensor next_vectors(std::int64_t rows) const;

  /// Sets the input of the next row, a latent step: [hidden].
  void set_latent_input(at::Tensor input) { latent_input_ = std::move(input); }

  /// Counts rows that went through the layers. `hidden` [1, hidden] belongs to the last one, where it was asked for.
  void ran(std::int64_t rows, at::Tensor hidden);

  /// Counts the row of a token that guesses follow, if all of these rows are finite: else nothing came of the pass, and
  /// the next one has no guesses. `states` [1 + guesses, hidden].
  void ran_with_guesses(at::Tensor states, bool is_finite);

  /// Counts its share of a pass.
  void spent(double milliseconds) { counts_.device_ms += milliseconds; }

  /// Takes note that it was preempted.
  void count_preemption() { ++record_.preemptions; }

  /// The state of its last row: [1, hidden].
  [[nodiscard]] const at::Tensor& hidden() const { return builder_.hidden(); }

  /// The states of which tokens may be chosen, one after another: hidden(), and those of the guesses behind it.
  [[nodiscard]] const at::Tensor& states() const;

  /// Whether the next row is a latent step whose input is still to be made from hidden().
  [[nodiscard]] bool wants_latent_input() const;

  /// Whether what its latent steps would have said is to be told, so that their scores are wanted.
  [[nodiscard]] bool explains() const { return thoughts_ && thoughts_->explains(); }

  /// Looks at the latent step whose input is made from hidden(), where it is one of its own; `scores` [vocab], or none.
  /// Requests may do so at the same time.
  void look_at_thought(std::span<const float> scores);

  /// Whether the next token is to be chosen.
  [[nodiscard]] bool wants_token() const;

  /// Chooses the next token from logits [vocab], which are changed. Requests may do so at the same time.
  [[nodiscard]] std::int32_t choose(std::span<float> logits) { return answer_->choose(logits); }

  /// Goes on with the token that was chosen. Where it was guessed, it has its row already and the next one may be
  /// chosen at once. Throws what on_text throws.
  void take(std::int32_t token);

  /// Gives back what guesses took that did not come true. Returns how many did.
  std::int64_t end_guesses();

  /// Whether the token behind its context is to be scored, from hidden().
  [[nodiscard]] bool wants_scores() const;

  /// Takes these scores, [vocab], and the tokens that they are of.
  void take_scores(const at::Tensor& logits, std::shared_ptr<const tokenizer> tokens);

  /// Whether the vector that its context consists of is to be made, as projection() says.
  [[nodiscard]] bool wants_projection() const;
  [[nodiscard]] const project& projection() const { return *asked_.projection; }

  /// Goes on with this vector.
  void inject(projected_input made);

  /// Takes note that it can't go on; as break_down().
  void give_up(error_code code, const std::string& why) { fault_ = make_error(code, why); }

  /// Takes note that what the model computes for it is not finite: `found` says what and where. It gets no more rows,
  /// tokens or inputs, and is to be ended with fault().
  void break_down(const std::string& found);

  /// Why it can't go on, where it broke down.
  [[nodiscard]] const std::optional<caf::error>& fault() const { return fault_; }

  [[nodiscard]] bool is_done() const;

  /// Makes the answer and hands it to whoever asked. `made` is called before that with the context of the answer, if it
  /// is a new one.
  void finish(const std::function<void(const std::shared_ptr<const kv_context>&)>& made);

  /// Answers with an error.
  void fail(const caf::error& why);

  /// Throws request_error when it has run longer than it may.
  void check_time() const;

  /// What observers are told; complete after finish() or fail().
  [[nodiscard]] const request_record& record() const { return record_; }

  /// Gives it away, which takes no memory.
  [[nodiscard]] request_record take_record() { return std::move(record_); }

private:
  [[nodiscard]] bool lead_is_there() const;
  [[nodiscard]] std::string what_runs() const;
  void add_own_rows();
  void read_injected();
  void answer(payload context, std::int64_t tokens);
  void end();

  const loaded_model& model_;
  std::shared_ptr<block_pool> pool_;
  recipe_layouts layouts_;
  prepared_request asked_;
  request_callback done_;
  recipe draft_; // of the context that it makes, as far as it has come
  sequence_builder builder_;
  std::int64_t decoded_rows_ = 0; // tokens of the answer that went through the layers
  at::Tensor latent_input_;
  std::optional<thought_log> thoughts_;
  std::optional<answer_decoder> answer_;
  std::optional<token_guesser> guesser_;
  bool has_lead_ = false; // while it runs
  bool is_running_ = false;
  bool was_started_ = false;
  std::optional<caf::error> fault_;
  std::shared_ptr<const vocabulary_scores> scores_;
  counts counts_;
  request_record record_;
};

} // namespace avp
