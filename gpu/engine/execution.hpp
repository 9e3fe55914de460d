// One request while it runs: prefill, then latent steps or decoding, one forward pass at a time.
#pragma once

#include <chrono>
#include <optional>
#include <variant>

#include <avp/gpu/engine/loaded_model.hpp>
#include <avp/gpu/engine/sampler.hpp>
#include <avp/gpu/engine/stop_matcher.hpp>
#include <avp/gpu/request.hpp>
#include <avp/gpu/result.hpp>
#include <avp/gpu/text/stream_decoder.hpp>

namespace avp {

/// A request in progress. Its constructor and step() throw request_error when the request can't be done.
class execution {
public:
  execution(loaded_model& model, std::variant<think, generate> work);

  /// At most one forward pass. Returns whether the request is done.
  [[nodiscard]] bool step();

  /// The answer; to be taken once, after step() returned true.
  [[nodiscard]] result take_result();

private:
  void check_length(std::int64_t past) const;
  void load_context();
  [[nodiscard]] bool prefill();
  [[nodiscard]] bool latent_step(const think& work);
  [[nodiscard]] bool decode_step(const generate& work);
  void show(const generate& work, const std::string& text);
  [[nodiscard]] const request& common() const;
  [[nodiscard]] std::int64_t positions_wanted() const;

  loaded_model& model_;
  std::variant<think, generate> work_;
  std::chrono::steady_clock::time_point started_;
  kv_cache cache_;
  std::size_t prefilled_ = 0;
  at::Tensor hidden_; // [1, hidden]: the last position's state after the last norm
  std::shared_ptr<recipe> recipe_;
  std::optional<sampler> sampler_;
  stop_matcher stop_;
  stream_decoder stream_;
  result result_;
};

} // namespace avp
