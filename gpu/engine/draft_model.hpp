// A model that guesses the tokens of another one's answers.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "gpu/engine/model_runner.hpp"
#include "gpu/engine/pass_times.hpp"
#include "gpu/engine/spare_blocks.hpp"

namespace avp {

/// The model, and the texts that it follows for others. Their sequences take free blocks of its cache, and give them
/// back when its own requests need them.
class draft_model final : public spare_blocks {
public:
  /// A text that it follows.
  class reader {
  public:
    virtual ~reader() = default;
    [[nodiscard]] virtual const sequence& blocks() const = 0;
    virtual void give_back() = 0;
  };

  /// `times`, of the model's passes, have to live as long as somebody guesses.
  draft_model(std::shared_ptr<loaded_model> model, std::shared_ptr<block_pool> pool, pass_times& times)
      : model_(std::move(model)),
        pool_(std::move(pool)),
        runner_(model_, pool_),
        times_(times) {}

  [[nodiscard]] std::int64_t held() const override;
  void give_back() override;

  void add(reader& one) { readers_.insert(&one); }
  void remove(reader& one) { readers_.erase(&one); }

  [[nodiscard]] const loaded_model& model() const { return *model_; }
  [[nodiscard]] const std::shared_ptr<block_pool>& pool() const { return pool_; }
  [[nodiscard]] const pass_times& times() const { return times_; }

  /// Blocks that are free and hold no known prefix.
  [[nodiscard]] std::int64_t free_blocks() const { return pool_->available() - pool_->cached(); }

  /// Runs the next rows of a sequence, which has room for them, and counts them as there. Returns the scores of what
  /// follows [vocab] float32; undefined where something is not finite.
  [[nodiscard]] at::Tensor run(sequence& blocks, std::span<const std::int32_t> tokens);

private:
  std::shared_ptr<loaded_model> model_;
  std::shared_ptr<block_pool> pool_;
  model_runner runner_;
  pass_times& times_;
  std::set<reader*> readers_;
};

/// Throws model_error unless `draft` can guess for `target`: both have to have the same tokens under the same ids.
void check_draft(const loaded_model& draft, const loaded_model& target);

} // namespace avp
