// One request from submission to answer: which rows it wants next, and what becomes of their results.
#pragma once

#include <chrono>
#include <compare>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include <caf/error.hpp>

#include <avp/gpu/engine/context_input.hpp>
#include <avp/gpu/engine/loaded_model.hpp>
#include <avp/gpu/engine/request_work.hpp>
#include <avp/gpu/engine/sampler.hpp>
#include <avp/gpu/engine/sequence_builder.hpp>
#include <avp/gpu/engine/stop_matcher.hpp>
#include <avp/gpu/result.hpp>
#include <avp/gpu/text/stream_decoder.hpp>

namespace avp {

/// A request in the engine. Its program is made when it starts, and made again when it starts over after giving up its
/// blocks. The constructor throws request_error when the request can't be done.
class job {
public:
  using work = request_work;
  using outcome = std::variant<result, caf::error>;
  using callback = std::function<void(outcome)>;
  using clock = std::chrono::steady_clock;

  /// Older tasks go first, and within a task what came first.
  struct place {
    std::uint64_t task = 0;
    std::uint64_t arrival = 0;
    auto operator<=>(const place&) const = default;
  };

  job(loaded_model& model, std::shared_ptr<block_pool> pool, work request, callback done, std::uint64_t arrival);
  job(const job&) = delete; // its program refers to it
  job& operator=(const job&) = delete;

  [[nodiscard]] const place& where() const { return place_; }
  [[nodiscard]] request_id id() const { return common_of(work_).id; }

  /// Whether finish() can be called at once: there is nothing to run and nothing to keep.
  [[nodiscard]] bool is_instant() const { return is_instant_; }

  /// Blocks that it holds at most, those of its context included.
  [[nodiscard]] std::int64_t blocks_at_end() const;

  /// Of these, those that start() will find there.
  [[nodiscard]] std::int64_t blocks_shared_at_start() const;

  /// Makes the program and continues on the context if that is still there.
  void start();

  /// Gives all blocks back; start() begins again.
  void give_up();

  /// The sequence of blocks that it has.
  [[nodiscard]] sequence& blocks() { return builder_.blocks(); }
  [[nodiscard]] const sequence& blocks() const { return builder_.blocks(); }
  [[nodiscard]] std::int64_t blocks_held() const { return builder_.blocks_held(); }

  /// The rows that come next; null when something else does, or nothing.
  [[nodiscard]] const segment* next() const { return builder_.next(); }

  /// Blocks that arrange() takes; nothing when rows come next or the program is through.
  [[nodiscard]] std::optional<std::int64_t> blocks_to_arrange() const { return builder_.blocks_to_arrange(); }

  /// Does what comes next and runs no rows. Throws request_error.
  void arrange();

  /// Takes blocks over that another prompt which begins alike has filled. Returns the block of the prompt that is to
  /// be filled next; nothing where none can be shared.
  std::optional<prompt_block> share_prefix() { return builder_.share_prefix(); }

  /// Input embeddings of the next rows: token ids, or for a latent step latent_input().
  [[nodiscard]] std::span<const std::int32_t> next_tokens(std::int64_t rows) const;
  [[nodiscard]] const at::Tensor& latent_input() const { return latent_input_; }
  void set_latent_input(at::Tensor input) { latent_input_ = std::move(input); }

  /// Counts rows that went through the layers. `hidden` [1, hidden] belongs to the last one, where it was asked for.
  void ran(std::int64_t rows, at::Tensor hidden);

  /// Counts its share of a pass.
  void spent(double milliseconds) { result_.counts.device_ms += milliseconds; }

  [[nodiscard]] const at::Tensor& hidden() const { return builder_.hidden(); }

  /// Whether the next row is a latent step whose input is to be made from hidden(). Ends latent steps that went wrong.
  [[nodiscard]] bool wants_latent_input();

  /// Whether the next token is to be chosen.
  [[nodiscard]] bool wants_token() const;

  /// Chooses the next token from logits [vocab], which are changed. Jobs may do so at the same time.
  [[nodiscard]] std::int32_t choose(std::span<float> logits);

  /// Goes on with the token that was chosen.
  void take(std::int32_t token);

  [[nodiscard]] bool is_done() const;

  /// Makes the answer and hands it to whoever asked. Returns the context of the answer if it is a new one.
  std::shared_ptr<const kv_context> finish();

  /// Answers with an error.
  void fail(const caf::error& why);

  /// Throws request_error when it has run longer than it may.
  void check_time() const;

  /// What observers are told; complete after finish() or fail().
  [[nodiscard]] const request_record& record() const { return record_; }

private:
  void read(const conversation& asked);
  void read(const join& asked);
  void read(const rebuild& asked);
  void read(const adopt& asked);
  void estimate_blocks(const recipe_layout& before, std::int64_t length);
  void check_beginning() const;
  void check_length(std::int64_t length, const std::string& parts) const;
  [[nodiscard]] std::int64_t positions_wanted() const;
  [[nodiscard]] bool lead_is_there() const;
  void add_own_rows();
  void show(const std::string& text);
  void end(finish_reason reason);
  void answer(payload context, std::int64_t tokens);

  loaded_model& model_;
  std::shared_ptr<block_pool> pool_;
  work work_;
  callback done_;
  place place_;
  std::vector<context_input> inputs_;
  std::shared_ptr<const recipe> given_; // the recipe of what is to be made where it is known before
  recipe draft_;                        // of think and generate, as far as it is known
  const kv_context* lead_ = nullptr;    // of whose blocks the sequence begins with the first lead_length_ positions
  std::int64_t lead_length_ = 0;
  std::int64_t blocks_with_lead_ = 0, blocks_from_nothing_ = 0;
  bool has_lead_ = false; // while it runs
  bool is_running_ = false;
  bool is_instant_ = false;
  recipe_layouts layouts_;
  sequence_builder builder_;
  std::int64_t answer_rows_ = 0; // tokens of the answer that went through the layers
  at::Tensor latent_input_;      // [hidden]
  std::optional<sampler> sampler_;
  certainty certainty_; // sums over tokens
  stop_matcher stop_;
  stream_decoder stream_;
  bool decoded_ = false; // no more tokens are to be chosen
  bool started_ = false;
  result result_;
  request_record record_;
};

} // namespace avp
