// Sums of counts, and request ids.
#include <atomic>

#include <avp/gpu/request.hpp>
#include <avp/gpu/result.hpp>

namespace avp {

counts& counts::operator+=(const counts& other) {
  prompt_tokens += other.prompt_tokens;
  computed_tokens += other.computed_tokens;
  latent_steps += other.latent_steps;
  output_tokens += other.output_tokens;
  return *this;
}

request_id next_request_id() {
  static std::atomic<request_id> last{0};
  return ++last;
}

} // namespace avp
