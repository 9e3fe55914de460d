// One request from submission to answer: which rows it wants next, and what becomes of their results.
#pragma once

#include <chrono>
#include <compare>
#include <deque>
#include <functional>
#include <optional>
#include <variant>
#include <vector>

#include <caf/error.hpp>

#include <avp/gpu/device_observer.hpp>
#include <avp/gpu/engine/loaded_model.hpp>
#include <avp/gpu/engine/sampler.hpp>
#include <avp/gpu/engine/stop_matcher.hpp>
#include <avp/gpu/request.hpp>
#include <avp/gpu/result.hpp>
#include <avp/gpu/text/stream_decoder.hpp>

namespace avp {

/// What a row is. All kinds run through the same kernels.
enum class row_kind : std::uint8_t { prompt, latent, answer };

/// Rows of one kind that a job runs one after another.
struct segment {
  row_kind kind = row_kind::prompt;
  std::vector<std::int32_t> tokens; ///< Of prompts and answers.
  std::int64_t rows = 0;
  bool replayed = false;    ///< Run again to build what was there before.
  bool closes_base = false; ///< At its end the context that the request continues on is whole again.
  std::int64_t done = 0;

  [[nodiscard]] std::int64_t left() const { return rows - done; }
};

/// What is asked of a device.
using request_work = std::variant<think, generate>;

/// What both kinds have in common.
[[nodiscard]] const request& common_of(const request_work& work);

/// The record of a request that is submitted now.
[[nodiscard]] request_record record_of(const request_work& work);

/// A request in the engine. Its program of segments is made when it starts, and made again when it starts over after
/// giving up its blocks. The constructor throws request_error when the request can't be done.
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

  [[nodiscard]] const place& where() const { return place_; }
  [[nodiscard]] const request& common() const { return common_of(work_); }

  /// Blocks that it needs at its end, those of its context included.
  [[nodiscard]] std::int64_t blocks_at_end() const;

  /// Of these, those that start() will find there.
  [[nodiscard]] std::int64_t blocks_shared_at_start() const;

  /// Blocks that start() itself takes (a context that came as bytes is read into blocks).
  [[nodiscard]] std::int64_t blocks_to_start() const;

  /// Makes the program and continues on the context if that is still there.
  void start();

  /// Gives all blocks back; start() begins again.
  void give_up();

  /// The sequence of blocks that it has.
  [[nodiscard]] sequence& blocks() { return sequence_; }
  [[nodiscard]] const sequence& blocks() const { return sequence_; }

  /// The rows that come next; nothing when the program is through.
  [[nodiscard]] const segment* next() const { return program_.empty() ? nullptr : &program_.front(); }

  /// Takes blocks over that another prompt which begins alike has filled.
  void share_prefix();

  /// Input embeddings of the next rows: token ids, or for a latent step latent_input().
  [[nodiscard]] std::span<const std::int32_t> next_tokens(std::int64_t rows) const;
  [[nodiscard]] const at::Tensor& latent_input() const { return latent_input_; }
  void set_latent_input(at::Tensor input) { latent_input_ = std::move(input); }

  /// Counts rows that went through the layers. `hidden` [1, hidden] belongs to the last one, where it was asked for.
  void ran(std::int64_t rows, at::Tensor hidden);

  [[nodiscard]] const at::Tensor& hidden() const { return hidden_; }

  /// Whether the next row is a latent step whose input is to be made from hidden(). Ends latent steps that went wrong.
  [[nodiscard]] bool wants_latent_input();

  /// Whether the next token is to be chosen.
  [[nodiscard]] bool wants_token() const;

  /// Chooses the next token from logits [vocab], which are changed. Jobs may do so at the same time.
  [[nodiscard]] std::int32_t choose(std::span<float> logits) { return sampler_->next(logits); }

  /// Goes on with the token that was chosen.
  void take(std::int32_t token);

  [[nodiscard]] bool is_done() const;

  /// Makes the answer and its context, and hands them to whoever asked. Returns the context.
  std::shared_ptr<const kv_context> finish();

  /// Answers with an error.
  void fail(const caf::error& why);

  /// Throws request_error when it has run longer than it may.
  void check_time() const;

  /// What observers are told; complete after finish() or fail().
  [[nodiscard]] const request_record& record() const { return record_; }

private:
  void check_length(std::int64_t past) const;
  [[nodiscard]] std::int64_t positions_wanted() const;
  void replay(const recipe& history);
  void add_own_rows();
  void add_segment(row_kind kind, std::vector<std::int32_t> tokens, std::int64_t rows, bool replayed);
  void publish_prefix();
  void show(const std::string& text);
  void end(finish_reason reason);

  loaded_model& model_;
  std::shared_ptr<block_pool> pool_;
  work work_;
  callback done_;
  place place_;
  std::shared_ptr<const kv_context> base_; // the context that it continues on, where that one is of this engine
  std::int64_t past_ = 0;                  // positions of the context, wherever it is from
  payload origin_;                         // bytes with which the history begins
  std::shared_ptr<recipe> recipe_;
  sequence sequence_;
  std::deque<segment> program_;
  std::vector<std::int32_t> first_prompt_; // tokens from position 0 on, as long as all are a prompt
  std::int64_t known_blocks_ = 0;          // of them that are published or shared
  prefix_id prefix_ = 0;
  at::Tensor hidden_;       // [1, hidden] of the last row
  at::Tensor latent_input_; // [hidden]
  std::optional<sampler> sampler_;
  stop_matcher stop_;
  stream_decoder stream_;
  bool decoded_ = false; // no more tokens are to be chosen
  bool started_ = false;
  result result_;
  request_record record_;
};

} // namespace avp
