// A context whose cache lies on a device of this process.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <ATen/core/Tensor.h>

#include <avp/gpu/cache/kv_cache.hpp>
#include <avp/gpu/context.hpp>
#include <avp/gpu/model/model_config.hpp>

namespace avp {

/// Which model a context belongs to. One object per loaded model, shared by all its contexts.
struct model_identity {
  model_config config;
  std::string model_hash;
  std::string weights_digest;
  data_type dtype = data_type::float32;
};

/// The engine's context: immutable cache, last hidden state [1, hidden], identity, recipe.
class kv_context final : public context {
public:
  kv_context(std::shared_ptr<const model_identity> model, kv_cache cache, at::Tensor hidden,
             std::shared_ptr<const recipe> history);

  [[nodiscard]] std::int64_t tokens() const override { return cache_.length(); }
  [[nodiscard]] const std::shared_ptr<const recipe>& history() const override { return history_; }
  [[nodiscard]] std::vector<float> last_hidden_state() const override;
  [[nodiscard]] metadata describe() const override;
  [[nodiscard]] std::uint64_t size() const override;
  void write(std::uint64_t offset, std::span<std::byte> out) const override;

  [[nodiscard]] const kv_cache& cache() const { return cache_; }
  [[nodiscard]] const model_identity& model() const { return *model_; }

private:
  [[nodiscard]] std::uint64_t layer_bytes() const; // of keys alone, or of values alone

  std::shared_ptr<const model_identity> model_;
  kv_cache cache_;
  at::Tensor hidden_;
  std::shared_ptr<const recipe> history_;
};

/// Reads an AVP KV payload into a cache, which `make_cache` gives when it is told how many tokens come. Throws
/// request_error when the payload is damaged or its shape is not the model's.
[[nodiscard]] kv_cache read_kv_payload(const payload& message, const model_identity& model,
                                       const std::function<kv_cache(std::int64_t)>& make_cache);

} // namespace avp
