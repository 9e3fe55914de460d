// Sums of counts, and request ids.
#include "gpu/result.hpp"

#include <atomic>
#include <tuple>

#include "gpu/request.hpp"

namespace avp {

counts& counts::operator+=(const counts& other) {
  prompt_tokens += other.prompt_tokens;
  computed_tokens += other.computed_tokens;
  latent_steps += other.latent_steps;
  output_tokens += other.output_tokens;
  guessed_tokens += other.guessed_tokens;
  accepted_tokens += other.accepted_tokens;
  attended += other.attended;
  cache_bytes += other.cache_bytes;
  device_ms += other.device_ms;
  return *this;
}

bool counts::operator==(const counts& other) const {
  const auto work = [](const counts& of) {
    return std::tuple(of.prompt_tokens, of.computed_tokens, of.latent_steps, of.output_tokens, of.attended,
                      of.cache_bytes);
  };
  return work(*this) == work(other);
}

request_id next_request_id() {
  static std::atomic<request_id> last{0};
  return ++last;
}

} // namespace avp
