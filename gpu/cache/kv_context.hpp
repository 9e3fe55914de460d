// A context whose cache lies on a device of this process.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <ATen/core/Tensor.h>

#include "gpu/cache/block_pool.hpp"
#include "gpu/cache/evictable.hpp"
#include "gpu/cache/sequence.hpp"
#include "gpu/context.hpp"
#include "gpu/device_config.hpp"
#include "gpu/model/model_config.hpp"

namespace avp {

struct tensor_place;

/// Payloads from which parts of a context's history were read, by the `imported` of their recipes.
using payload_origins = std::map<std::string, payload>;

/// Which model a context belongs to. One object per loaded model, shared by all its contexts.
struct model_fingerprint {
  model_config config;
  std::string model_hash;
  std::string weights_digest;
  std::string numerics; ///< Weight format and arithmetic, as recipes have it.
  data_type kv_dtype = data_type::float32;
};

/// The engine's context: cache blocks, last hidden state [1, hidden] in float32, identity, recipe. What it says never
/// changes; but the device may take its blocks back when memory is short, and build them anew by its recipe.
class kv_context final : public context, public evictable {
public:
  /// Takes over the blocks of a sequence. `hidden` may be undefined; `task` is that of its request.
  kv_context(std::shared_ptr<const model_fingerprint> model, std::shared_ptr<block_pool> pool, sequence from,
             at::Tensor hidden, std::shared_ptr<const recipe> history, std::uint64_t task, payload_origins origins);

  /// A context without blocks, as after evict().
  kv_context(std::shared_ptr<const model_fingerprint> model, std::shared_ptr<block_pool> pool,
             std::shared_ptr<const recipe> history, std::uint64_t task);
  ~kv_context() override;

  [[nodiscard]] std::int64_t tokens() const override { return tokens_; }
  [[nodiscard]] const std::shared_ptr<const recipe>& history() const override { return history_; }
  [[nodiscard]] std::vector<float> last_hidden_state() const override;
  [[nodiscard]] metadata describe() const override { return describe_from(0); }
  [[nodiscard]] std::uint64_t size() const override { return size_from(0); }

  /// Throws std::runtime_error when the device took the blocks back.
  void write(std::uint64_t offset, std::span<std::byte> out) const override { write_from(0, offset, out); }

  /// Bytes of a KV payload of the positions [first, tokens) alone, and how many they are; write() and size() for 0.
  void write_from(std::int64_t first, std::uint64_t offset, std::span<std::byte> out) const;
  [[nodiscard]] std::uint64_t size_from(std::int64_t first) const;

  /// Metadata of that payload.
  [[nodiscard]] metadata describe_from(std::int64_t first) const;

  /// Until as many unpin(), the device takes the blocks back only where nothing else is left. False where it did so
  /// before.
  [[nodiscard]] bool pin() const;
  void unpin() const;
  [[nodiscard]] bool is_pinned() const override { return pins_ > 0; }

  [[nodiscard]] const model_fingerprint& model() const { return *model_; }
  [[nodiscard]] const block_pool& pool() const { return *pool_; }
  [[nodiscard]] std::uint64_t task() const override { return task_; }
  [[nodiscard]] const payload_origins& origins() const { return origins_; }

  /// Keys or values of one layer: [kv_heads, tokens, head_dim], a copy. Throws as write() does.
  [[nodiscard]] at::Tensor keys(std::int64_t layer) const { return gathered(layer, 0, 0); }
  [[nodiscard]] at::Tensor values(std::int64_t layer) const { return gathered(layer, 1, 0); }

  // The rest belongs to the device's thread.

  /// A sequence that continues after the first `length` positions; nothing when the blocks were taken back.
  [[nodiscard]] std::optional<sequence> fork(std::int64_t length) const;

  /// The last hidden state, [1, hidden]; undefined where it is not known.
  [[nodiscard]] const at::Tensor& hidden() const { return hidden_; }

  /// Whether its blocks are there.
  [[nodiscard]] bool is_resident() const override { return resident_; }

  [[nodiscard]] std::int64_t sole_blocks() const override;
  bool evict() const override;

  /// Holds the blocks of a sequence that was built anew by this context's recipe, unless it has blocks already, and
  /// its last hidden state.
  void restore(const sequence& rebuilt, const at::Tensor& hidden) const;

private:
  [[nodiscard]] std::uint64_t layer_bytes(std::int64_t positions) const; // of keys alone, or of values alone
  void check_resident() const;
  void write_tensor(const tensor_place& place, std::uint64_t offset, std::span<std::byte> out) const;
  [[nodiscard]] at::Tensor gathered(std::int64_t layer, std::int64_t part, std::int64_t first) const;

  std::shared_ptr<const model_fingerprint> model_;
  std::shared_ptr<block_pool> pool_;
  std::int64_t tokens_ = 0;
  std::shared_ptr<const recipe> history_;
  std::int64_t latent_steps_ = 0; // in all of it
  std::uint64_t task_ = 0;
  payload_origins origins_;
  mutable std::mutex guard_;          // held while other threads read blocks or the hidden state
  mutable std::atomic<int> pins_ = 0; // grows only under the guard
  mutable at::Tensor hidden_;
  mutable std::vector<block_id> blocks_;
  mutable bool resident_ = true;
};

/// Appends the positions of an AVP KV payload to a sequence, for whose blocks the pool must have room. Throws
/// request_error when the payload is damaged or its shape is not the model's.
void read_kv_payload(const payload& message, const model_fingerprint& model, block_pool& pool, sequence& into);

/// Positions in an AVP KV payload, after all its checks. Throws request_error likewise.
[[nodiscard]] std::int64_t kv_payload_tokens(const payload& message, const model_fingerprint& model);

} // namespace avp
